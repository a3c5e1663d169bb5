"""Small bugs in TypeScript."""

from __future__ import annotations

from bugs.bug import project

_TEST = """
import assert from "node:assert";
import test from "node:test";
"""

TYPESCRIPT = (
    project(
        "versions",
        "typescript",
        "wrong operator",
        {
            "src/version.ts": r"""
            export interface Version {
              readonly numbers: readonly number[];
              readonly tag: string;
            }

            export function parse(text: string): Version {
              const [numbers, tag = ""] = text.replace(/^v/, "").split("-", 2);
              return { numbers: numbers.split(".").map(Number), tag };
            }

            /** Negative, 0 or positive. One with a tag comes before the one without. */
            export function compare(one: Version, other: Version): number {
              for (let at = 0; at < Math.max(one.numbers.length, other.numbers.length); at++) {
                const order = (one.numbers[at] ?? 0) - (other.numbers[at] ?? 0);
                if (order !== 0) return order;
              }
              if (one.tag === other.tag) return 0;
              if (one.tag === "" || other.tag === "") return one.tag === "" ? «-1»«1» : «1»«-1»;
              return one.tag < other.tag ? -1 : 1;
            }
            """,
        },
        tests={
            "test/version.test.ts": _TEST
            + r"""
import { compare, parse } from "../src/version";

const order = (one: string, other: string) => Math.sign(compare(parse(one), parse(other)));

test("numbers count as numbers", () => {
  assert.strictEqual(order("1.10.0", "1.9.3"), 1);
  assert.strictEqual(order("v2", "2.0.0"), 0);
});

test("a tag comes before the release", () => {
  assert.strictEqual(order("1.0.0-rc1", "1.0.0"), -1);
  assert.strictEqual(order("1.0.0", "1.0.0-beta"), 1);
});

test("tags are compared", () => {
  assert.strictEqual(order("1.0.0-alpha", "1.0.0-beta"), -1);
});
"""
        },
    ),
    project(
        "calendar",
        "typescript",
        "off by one",
        {
            "src/days.ts": r"""
            const DAY = 86_400_000;

            /** The date so many months later; a day that the month lacks becomes its last. */
            export function addMonths(date: Date, months: number): Date {
              const year = date.getUTCFullYear();
              const month = date.getUTCMonth() + months;
              const last = new Date(Date.UTC(year, month«»« + 1», 0)).getUTCDate();
              return new Date(Date.UTC(year, month, Math.min(date.getUTCDate(), last)));
            }

            export function daysBetween(from: Date, to: Date): number {
              return Math.round((to.getTime() - from.getTime()) / DAY);
            }
            """,
            "src/plan.ts": r"""
            import { addMonths, daysBetween } from "./days";

            /** When a subscription is paid, and for how many days each time. */
            export function plan(start: Date, times: number): { day: string; days: number }[] {
              return Array.from({ length: times }, (_, at) => {
                const day = addMonths(start, at);
                return { day: day.toISOString().slice(0, 10), days: daysBetween(day, addMonths(start, at + 1)) };
              });
            }
            """,
        },
        tests={
            "test/plan.test.ts": _TEST
            + r"""
import { daysBetween } from "../src/days";
import { plan } from "../src/plan";

const date = (text: string) => new Date(`${text}T00:00:00Z`);

test("days between", () => {
  assert.strictEqual(daysBetween(date("2023-12-30"), date("2024-01-02")), 3);
});

test("in the middle of the month", () => {
  assert.deepStrictEqual(plan(date("2023-11-15"), 2), [
    { day: "2023-11-15", days: 30 },
    { day: "2023-12-15", days: 31 },
  ]);
});

test("at the end of the month", () => {
  assert.deepStrictEqual(plan(date("2024-01-31"), 3).map((one) => one.day), [
    "2024-01-31",
    "2024-02-29",
    "2024-03-31",
  ]);
});
"""
        },
    ),
    project(
        "store",
        "typescript",
        "stale state",
        {
            "src/store.ts": r"""
            type Listener<S> = (now: S, before: S) => void;

            export class Store<S extends object> {
              private readonly listeners = new Set<Listener<S>>();

              constructor(private state: S) {}

              get(): S {
                return this.state;
              }

              set(change: Partial<S>): void {
                const before = this.state;
                «Object.assign(this.state, change)»«this.state = { ...before, ...change }»;
                for (const listener of this.listeners) listener(this.state, before);
              }

              subscribe(listener: Listener<S>): () => void {
                this.listeners.add(listener);
                return () => void this.listeners.delete(listener);
              }
            }
            """,
        },
        tests={
            "test/store.test.ts": _TEST
            + r"""
import { Store } from "../src/store";

test("what is set is there", () => {
  const store = new Store({ a: 1, b: "x" });
  store.set({ a: 2 });
  assert.deepStrictEqual(store.get(), { a: 2, b: "x" });
});

test("a listener sees what was before", () => {
  const store = new Store({ a: 1 });
  const seen: number[][] = [];
  store.subscribe((now, before) => seen.push([before.a, now.a]));
  store.set({ a: 2 });
  assert.deepStrictEqual(seen, [[1, 2]]);
});

test("a listener that ended is not called", () => {
  const store = new Store({ a: 1 });
  let calls = 0;
  store.subscribe(() => calls++)();
  store.set({ a: 2 });
  assert.strictEqual(calls, 0);
});
"""
        },
    ),
)
