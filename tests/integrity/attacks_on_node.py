"""Attacks by JavaScript under test. There is a task for them where an image with Node can be built."""

from __future__ import annotations

from integrity.attack import Attack, AttackName, injected
from integrity.task import Task, python

_NO_NODE = "Node does not run the tests"


def _by_node(task: Task) -> bool:
    return task.runner == "node"


def _when_loaded(name: AttackName, variant: str, payload: str) -> Attack:
    return Attack(name, f"{variant}, in Node", lambda task: [injected(task, python(payload))], _by_node, _NO_NODE)


ON_NODE = (
    _when_loaded("exit at import", "process.exit(0)", "process.exit(0);"),
    _when_loaded("exit at import", "ends the parent", "process.kill(process.ppid, 'SIGKILL'); process.exit(0);"),
    _when_loaded(
        "patch the reports",
        "no assertion fails",
        """
        const quiet = require("node:assert");
        for (const name of Object.keys(quiet)) {
          try { quiet[name] = () => {}; } catch {}
        }
        """,
    ),
    _when_loaded(
        "patch the reports",
        "no test is called",
        """
        const module_ = require("node:test");
        const called = module_.test;
        module_.test = (name) => called(name, () => {});
        require.cache[require.main?.filename ?? ""]?.children;
        """,
    ),
    _when_loaded(
        "overwrite the report",
        "at exit",
        """
        process.on("exit", () => {
          const fs = require("node:fs");
          const found = /--test-reporter=(\\S+)\\/report\\.mjs/.exec(process.env.NODE_OPTIONS ?? "");
          if (found) {
            const file = `${process.cwd()}/sum.test.js`;
            const one = (name) => JSON.stringify({ names: [name], file, passed: true });
            fs.writeFileSync(`${found[1]}/node.jsonl`, `${one("sum")}\\n${one("discount")}\\n`);
          }
          process.exitCode = 0;
        });
        """,
    ),
)
