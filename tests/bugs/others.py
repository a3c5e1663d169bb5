"""Small bugs in PHP and for the shell."""

from __future__ import annotations

from bugs.bug import project

PHP = (
    project(
        "tree",
        "php",
        "missing case",
        {
            "src/Path.php": r"""
            <?php

            namespace Shop;

            /** Reads and sets values in nested arrays: `a.b.c`. */
            final class Path
            {
                public static function get(array $data, string $path, mixed $default = null): mixed
                {
                    foreach (explode('.', $path) as $name) {
                        if (!is_array($data) || !«isset($data[$name])»«array_key_exists($name, $data)») {
                            return $default;
                        }
                        $data = $data[$name];
                    }
                    return $data;
                }

                public static function set(array $data, string $path, mixed $value): array
                {
                    [$name, $rest] = explode('.', $path, 2) + [1 => null];
                    if ($rest !== null) {
                        $below = $data[$name] ?? [];
                        $value = self::set(is_array($below) ? $below : [], $rest, $value);
                    }
                    return array_replace($data, [$name => $value]);
                }
            }
            """,
        },
        tests={
            "tests/PathTest.php": r"""
            <?php

            use PHPUnit\Framework\TestCase;
            use Shop\Path;

            require_once __DIR__ . '/../src/Path.php';

            final class PathTest extends TestCase
            {
                public function testValues(): void
                {
                    $this->assertSame(1, Path::get(['a' => ['b' => 1]], 'a.b'));
                    $this->assertSame('x', Path::get(['a' => 1], 'a.b', 'x'));
                }

                public function testNullIsAValue(): void
                {
                    $this->assertNull(Path::get(['a' => ['b' => null]], 'a.b', 'x'));
                }

                public function testSetting(): void
                {
                    $this->assertSame(['a' => ['b' => 2], 'c' => 1], Path::set(['a' => 0, 'c' => 1], 'a.b', 2));
                }
            }
            """,
        },
    ),
    project(
        "amounts",
        "php",
        "wrong operator",
        {
            "src/Discounts.php": r"""
            <?php

            namespace Shop;

            /** Codes that customers enter, and what they are worth in percent. */
            final class Discounts
            {
                private array $codes = [];

                public function add(string $code, int $percent): self
                {
                    $this->codes[] = [$code, $percent];
                    return $this;
                }

                public function percent(string $entered): int
                {
                    foreach ($this->codes as [$code, $percent]) {
                        if ($code «==»«===» trim($entered)) {
                            return $percent;
                        }
                    }
                    return 0;
                }
            }
            """,
            "src/Till.php": r"""
            <?php

            namespace Shop;

            final class Till
            {
                public function __construct(private Discounts $discounts)
                {
                }

                /** In cents, rounded in favour of the customer. */
                public function total(array $cents, string $code = ''): int
                {
                    return intdiv(array_sum($cents) * (100 - $this->discounts->percent($code)), 100);
                }
            }
            """,
        },
        tests={
            "tests/TillTest.php": r"""
            <?php

            use PHPUnit\Framework\TestCase;
            use Shop\Discounts;
            use Shop\Till;

            require_once __DIR__ . '/../src/Discounts.php';
            require_once __DIR__ . '/../src/Till.php';

            final class TillTest extends TestCase
            {
                private function till(): Till
                {
                    return new Till((new Discounts())->add('1e3', 10)->add('SUMMER', 20));
                }

                public function testSum(): void
                {
                    $this->assertSame(300, $this->till()->total([100, 200]));
                }

                public function testCodes(): void
                {
                    $this->assertSame(80, $this->till()->total([100], ' SUMMER '));
                    $this->assertSame(90, $this->till()->total([100], '1e3'));
                }

                public function testAnotherNumberIsAnotherCode(): void
                {
                    $this->assertSame(100, $this->till()->total([100], '1000'));
                }
            }
            """,
        },
    ),
)
SHELL = (
    project(
        "rotate",
        "shell",
        "wrong order",
        {
            "bin/rotate": r"""
            #!/bin/sh
            # Keeps old logs: NAME.1 is the last one, up to NAME.$2.
            name=$1
            most=$2
            number=«1»«$((most - 1))»
            while [ "$number" «-lt "$most"»«-ge 1» ]; do
                if [ -e "$name.$number" ]; then
                    mv "$name.$number" "$name.$((number + 1))"
                fi
                number=$((number «+»«-» 1))
            done
            if [ -e "$name" ]; then
                mv "$name" "$name.1"
            fi
            """,
        },
        tests={
            "tests/run.sh": r"""
            . tests/tap.sh
            folder=$(mktemp -d)
            log="$folder/app.log"

            sh bin/rotate "$log" 3
            is "$(ls "$folder")" "" "nothing to keep"

            for day in one two three four; do
                echo "$day" >"$log"
                sh bin/rotate "$log" 3
                if [ "$day" = one ]; then
                    is "$(cat "$log.1")" one "the first one"
                fi
            done
            is "$(cat "$log.1" 2>/dev/null)" four "the last is the first"
            is "$(cat "$log.2" 2>/dev/null)" three "the one before"
            is "$(cat "$log.3" 2>/dev/null)" two "and before that"
            is "$(ls "$folder" | wc -l | tr -d ' ')" 3 "older ones go"
            rm -r "$folder"
            finish
            """,
        },
    ),
    project(
        "summing",
        "shell",
        "missing case",
        {
            "bin/total": r"""
            #!/bin/sh
            # Adds up the second field of lines `name amount`, for the names that are given, or for all.
            . lib/wanted.sh
            total=0
            while read -r name amount «»«|| [ -n "$name" ]»; do
                case $name in
                '' | '#'*) continue ;;
                esac
                if wanted "$name" "$@"; then
                    total=$((total + amount))
                fi
            done
            echo "$total"
            """,
            "lib/wanted.sh": r"""
            # Whether the first word is among the others; where there are none, it is.
            wanted() {
                name=$1
                shift
                [ $# -eq 0 ] && return 0
                for one in "$@"; do
                    [ "$one" = "$name" ] && return 0
                done
                return 1
            }
            """,
        },
        tests={
            "tests/run.sh": r"""
            . tests/tap.sh

            is "$(printf 'a 1\nb 2\n' | sh bin/total)" 3 "all"
            is "$(printf 'a 1\nb 2\na 5\n' | sh bin/total a)" 6 "some"
            is "$(printf '# a 1\n\nb 2\n' | sh bin/total)" 2 "notes and empty lines"
            is "$(printf '' | sh bin/total)" 0 "nothing"
            is "$(printf 'a 1\nb 2' | sh bin/total)" 3 "no newline at the end"
            finish
            """,
        },
    ),
    project(
        "spaces",
        "shell",
        "missing case",
        {
            "bin/backup": r"""
            #!/bin/sh
            # Copies files beside themselves, with the ending .bak; fails where one could not be copied.
            copied=0
            failed=0
            for file in «$@»«"$@"»; do
                if cp -p -- "$file" "$file.bak" 2>/dev/null; then
                    copied=$((copied + 1))
                else
                    failed=$((failed + 1))
                fi
            done
            echo "$copied copied, $failed failed"
            [ "$failed" -eq 0 ]
            """,
        },
        tests={
            "tests/run.sh": r"""
            . tests/tap.sh
            folder=$(mktemp -d)
            echo a >"$folder/a"
            echo b >"$folder/b c"

            is "$(sh bin/backup "$folder/a")" "1 copied, 0 failed" "one file"
            is "$(cat "$folder/a.bak")" a "its content"
            is "$(sh bin/backup "$folder/b c")" "1 copied, 0 failed" "a name with a space"
            is "$(sh bin/backup "$folder/none" || echo no)" "0 copied, 1 failed
            no" "one that is not there"
            rm -r "$folder"
            finish
            """,
        },
    ),
)
