"""What a project of a language has besides its sources, and how its tests are run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Language = Literal["c", "go", "java", "javascript", "php", "python", "ruby", "rust", "shell", "typescript"]


class Setting(NamedTuple):
    command: str
    manifests: Mapping[str, str]
    """The same for all projects of a language, so that they share one image."""


_RUBY = """\
require "rake/testtask"

Rake::TestTask.new do |t|
  t.libs = ["lib"]
  t.pattern = "test/*_test.rb"
end
"""
_MAKE_C = """\
CFLAGS = -std=c11 -Wall -Isrc

test:
	mkdir -p build
	$(CC) $(CFLAGS) -o build/tests src/*.c tests/*.c
	./build/tests
"""
_TAP_H = """\
/* Says what came of each check, in the Test Anything Protocol. */
#include <stdio.h>

static int tap_count, tap_failed;

#define CHECK(what, name) \\
    (printf("%sok %d - %s\\n", (what) ? "" : (tap_failed++, "not "), ++tap_count, name))
#define DONE() (printf("1..%d\\n", tap_count), tap_failed != 0)
"""
_MAKE_JAVA = """\
test:
	mkdir -p build
	javac -encoding UTF-8 -d build src/*.java tests/*.java
	java -cp build Tests
"""
_TAP_JAVA = """\
/** Says what came of each check, in the Test Anything Protocol. */
final class Tap {
    interface Check {
        boolean holds() throws Exception;
    }

    private static int count;
    private static int failed;

    static void check(String name, Check check) {
        boolean holds;
        try {
            holds = check.holds();
        } catch (Exception error) {
            System.out.println("# " + error);
            holds = false;
        }
        failed += holds ? 0 : 1;
        System.out.println((holds ? "ok " : "not ok ") + ++count + " - " + name);
    }

    static void done() {
        System.out.println("1.." + count);
        System.exit(failed == 0 ? 0 : 1);
    }
}
"""
_TAP_SH = """\
# Says what came of each check, in the Test Anything Protocol.
count=0
failed=0

is() {
    count=$((count + 1))
    if [ "$1" = "$2" ]; then
        echo "ok $count - $3"
    else
        failed=1
        echo "not ok $count - $3"
        echo "# got '$1', expected '$2'"
    fi
}

finish() {
    echo "1..$count"
    exit "$failed"
}
"""
_TSCONFIG = """\
{
  "compilerOptions": {
    "module": "commonjs", "target": "es2021", "strict": true, "esModuleInterop": true,
    "skipLibCheck": true, "types": ["node"], "outDir": "build"
  },
  "include": ["src", "test"]
}
"""
_TYPESCRIPT = """\
{
  "name": "lib",
  "private": true,
  "scripts": { "test": "tsc && node --test build/test" },
  "devDependencies": { "@types/node": "18.19.34", "typescript": "5.4.5" }
}
"""
SETTINGS: Mapping[Language, Setting] = {
    "python": Setting("python3 -m pytest -q", {".gitignore": "__pycache__/\n.pytest_cache/\n"}),
    "javascript": Setting(
        "npm test", {"package.json": '{"name":"lib","private":true,"scripts":{"test":"node --test"}}\n'}
    ),
    "typescript": Setting(
        "npm test",
        {"package.json": _TYPESCRIPT, "tsconfig.json": _TSCONFIG, ".gitignore": "build/\nnode_modules\n"},
    ),
    "go": Setting("go test ./...", {"go.mod": "module example.org/lib\n\ngo 1.19\n"}),
    "rust": Setting(
        "cargo test",
        {
            "Cargo.toml": '[package]\nname = "lib"\nversion = "0.1.0"\nedition = "2021"\n',
            ".gitignore": "target/\nCargo.lock\n",
        },
    ),
    "java": Setting(
        "make test",
        {
            "Makefile": _MAKE_JAVA,
            "tests/Tap.java": _TAP_JAVA,
            # No runner of Java comes from an index that answers here: javac and a main program are enough.
            ".r1code/config.toml": 'packages = ["default-jdk-headless"]\n',
            ".gitignore": "build/\n",
        },
    ),
    "c": Setting("make test", {"Makefile": _MAKE_C, "tests/tap.h": _TAP_H, ".gitignore": "build/\n"}),
    "ruby": Setting("rake test", {"Rakefile": _RUBY}),
    "php": Setting("phpunit tests", {"composer.json": '{ "require-dev": { "phpunit/phpunit": "*" } }\n'}),
    "shell": Setting("sh tests/run.sh", {"tests/tap.sh": _TAP_SH}),
}
