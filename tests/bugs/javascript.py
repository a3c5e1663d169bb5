"""Small bugs in JavaScript."""

from __future__ import annotations

from bugs.bug import project

_TEST = """
const test = require("node:test");
const assert = require("node:assert");
"""

JAVASCRIPT = (
    project(
        "queue",
        "javascript",
        "stale state",
        {
            "src/queue.js": r"""
            class Queue {
              constructor() {
                this.items = [];
                this.head = 0;
              }

              push(item) {
                this.items.push(item);
                return this;
              }

              shift() {
                if (this.head >= this.items.length) return undefined;
                const item = this.items[this.head++];
                if (this.head > 16 && this.head * 2 > this.items.length) {
                  this.items = this.items.slice(this.head);«»«
                  this.head = 0;»
                }
                return item;
              }

              get size() {
                return this.items.length - this.head;
              }
            }

            module.exports = { Queue };
            """,
        },
        tests={
            "test/queue.test.js": _TEST
            + r"""
const { Queue } = require("../src/queue");

test("first in, first out", () => {
  const queue = new Queue().push(1).push(2);
  assert.deepStrictEqual([queue.shift(), queue.shift(), queue.shift()], [1, 2, undefined]);
});

test("nothing is lost in a long one", () => {
  const queue = new Queue();
  for (let i = 0; i < 100; i++) queue.push(i);
  const seen = [];
  while (queue.size > 0) seen.push(queue.shift());
  assert.deepStrictEqual(seen, Array.from({ length: 100 }, (_, i) => i));
});
"""
        },
    ),
    project(
        "query",
        "javascript",
        "missing case",
        {
            "src/query.js": r"""
            const { decode } = require("./decode");

            /** An object of the parameters; a name that comes again makes a list. */
            function parse(text) {
              const found = {};
              for (const part of text.replace(/^\?/, "").split("&")) {
                if (!part) continue;
                const at = part.indexOf("=");
                const name = decode(at < 0 ? part : part.slice(0, at));
                const value = at < 0 ? "" : decode(part.slice(at + 1));
                if (!(name in found)) found[name] = value;
                else found[name] = [].concat(found[name], value);
              }
              return found;
            }

            module.exports = { parse };
            """,
            "src/decode.js": r"""
            function decode(text) {
              try {
                return decodeURIComponent(text«»«.replace(/\+/g, " ")»);
              } catch (error) {
                if (error instanceof URIError) return text;
                throw error;
              }
            }

            module.exports = { decode };
            """,
        },
        tests={
            "test/query.test.js": _TEST
            + r"""
const { parse } = require("../src/query");

test("names and values", () => {
  assert.deepStrictEqual(parse("?a=1&b=x%20y&c"), { a: "1", b: "x y", c: "" });
});

test("a plus is a space", () => {
  assert.deepStrictEqual(parse("q=two+words"), { q: "two words" });
  assert.deepStrictEqual(parse("q=1%2B1"), { q: "1+1" });
});

test("a name that comes again", () => {
  assert.deepStrictEqual(parse("a=1&a=2&a=3"), { a: ["1", "2", "3"] });
});
"""
        },
    ),
    project(
        "sorting",
        "javascript",
        "wrong operator",
        {
            "src/by.js": r"""
            /** Compares by one key after another; `-name` turns the order round. */
            function by(...keys) {
              return (a, b) => {
                for (const key of keys) {
                  const down = key.startsWith("-");
                  const name = down ? key.slice(1) : key;
                  const order = compare(a[name], b[name]);
                  if (order !== 0) return down ? -order : order;
                }
                return 0;
              };
            }

            function compare(a, b) {
              if (typeof a === "number" «||»«&&» typeof b === "number") return a - b;
              return String(a).localeCompare(String(b));
            }

            module.exports = { by };
            """,
        },
        tests={
            "test/by.test.js": _TEST
            + r"""
const { by } = require("../src/by");

test("numbers", () => {
  const rows = [{ n: 10 }, { n: 9 }];
  assert.deepStrictEqual(rows.sort(by("n")), [{ n: 9 }, { n: 10 }]);
});

test("the second key, downwards", () => {
  const rows = [{ a: "x", n: 1 }, { a: "x", n: 2 }, { a: "b", n: 0 }];
  assert.deepStrictEqual(rows.sort(by("a", "-n")).map((row) => row.n), [0, 2, 1]);
});

test("numbers and words together", () => {
  const rows = [{ v: "b" }, { v: 7 }, { v: "a" }];
  assert.deepStrictEqual(rows.sort(by("v")).map((row) => row.v), [7, "a", "b"]);
});
"""
        },
    ),
    project(
        "merging",
        "javascript",
        "aliasing",
        {
            "src/merge.js": r"""
            const isPlain = (value) => Object.prototype.toString.call(value) === "[object Object]";

            /** Settings over defaults; neither of them is changed. */
            function merge(defaults, settings) {
              const merged = «defaults»«{ ...defaults }»;
              for (const [name, value] of Object.entries(settings)) {
                merged[name] = isPlain(value) && isPlain(merged[name]) ? merge(merged[name], value) : value;
              }
              return merged;
            }

            module.exports = { merge };
            """,
        },
        tests={
            "test/merge.test.js": _TEST
            + r"""
const { merge } = require("../src/merge");

test("what is set wins, also further down", () => {
  const merged = merge({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 9 } });
  assert.deepStrictEqual(merged, { a: 1, b: { c: 9, d: 3 } });
});

test("the defaults stay as they are", () => {
  const defaults = { a: 1, b: { c: 2 } };
  merge(defaults, { a: 5, b: { c: 6 } });
  assert.deepStrictEqual(defaults, { a: 1, b: { c: 2 } });
});

test("a list is taken whole", () => {
  assert.deepStrictEqual(merge({ a: [1, 2] }, { a: [3] }), { a: [3] });
});
"""
        },
    ),
    project(
        "shortening",
        "javascript",
        "unicode",
        {
            "src/shorten.js": r"""
            const { width } = require("./width");

            /** At most `most` characters, as people count them. */
            function shorten(text, most) {
              if (width(text) <= most) return text;
              const kept = «text.split("")»«Array.from(text)».slice(0, most - 1);
              return kept.join("").trimEnd() + "…";
            }

            module.exports = { shorten };
            """,
            "src/width.js": r"""
            function width(text) {
              return Array.from(text).length;
            }

            module.exports = { width };
            """,
        },
        tests={
            "test/shorten.test.js": _TEST
            + r"""
const { shorten } = require("../src/shorten");

test("what fits stays", () => {
  assert.strictEqual(shorten("short", 5), "short");
});

test("a long one ends with an ellipsis", () => {
  assert.strictEqual(shorten("hello world", 7), "hello…");
});

test("no character is cut in two", () => {
  assert.strictEqual(shorten("ab😀😀😀", 4), "ab😀…");
  assert.strictEqual(shorten("😀😀", 2), "😀😀");
});
"""
        },
    ),
    project(
        "promises",
        "javascript",
        "error handling",
        {
            "src/limit.js": r"""
            /** Runs at most `most` of the given functions at a time. */
            function limiter(most) {
              let running = 0;
              const waiting = [];

              function next() {
                if (running >= most || waiting.length === 0) return;
                const { work, resolve, reject } = waiting.shift();
                running++;
                work().then(resolve, reject).then(() => {
                  running--;
                  next();
                });
              }

              return (work) =>
                new Promise((resolve, reject) => {
                  waiting.push({ work«»«: async () => work()», resolve, reject });
                  next();
                });
            }

            module.exports = { limiter };
            """,
        },
        tests={
            "test/limit.test.js": _TEST
            + r"""
const { limiter } = require("../src/limit");

const later = (value) => new Promise((resolve) => setTimeout(() => resolve(value), 1));

test("all of them run, and not too many at a time", async () => {
  const limit = limiter(2);
  let now = 0;
  let most = 0;
  const one = async (value) => {
    most = Math.max(most, ++now);
    await later();
    now--;
    return value;
  };
  const values = await Promise.all([1, 2, 3, 4].map((value) => limit(() => one(value))));
  assert.deepStrictEqual(values, [1, 2, 3, 4]);
  assert.strictEqual(most, 2);
});

test("an error makes room for the next", async () => {
  const limit = limiter(1);
  const failed = limit(() => Promise.reject(new Error("no")));
  const after = limit(() => later("yes"));
  await assert.rejects(failed, /no/);
  assert.strictEqual(await after, "yes");
});

test("so does one that is thrown at once", async () => {
  const limit = limiter(1);
  await assert.rejects(limit(() => { throw new Error("at once"); }), /at once/);
  assert.strictEqual(await limit(() => later("yes")), "yes");
});
"""
        },
    ),
)
