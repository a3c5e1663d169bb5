"""Small bugs in Go."""

from __future__ import annotations

from bugs.bug import project

GO = (
    project(
        "ring",
        "go",
        "off by one",
        {
            "ring.go": """
            // Package ring keeps the last values that were added.
            package ring

            type Ring struct {
            \tvalues []int
            \tnext   int
            \tfull   bool
            }

            func New(size int) *Ring {
            \treturn &Ring{values: make([]int, size)}
            }

            func (r *Ring) Add(value int) {
            \tr.values[r.next] = value
            \tr.next++
            \tif r.next == len(r.values)«-1»«» {
            \t\tr.next = 0
            \t\tr.full = true
            \t}
            }

            // Last gives what is kept, the oldest first.
            func (r *Ring) Last() []int {
            \tif !r.full {
            \t\treturn append([]int{}, r.values[:r.next]...)
            \t}
            \treturn append(append([]int{}, r.values[r.next:]...), r.values[:r.next]...)
            }
            """,
        },
        tests={
            "ring_test.go": """
            package ring

            import (
            \t"reflect"
            \t"testing"
            )

            func added(size int, values ...int) []int {
            \tr := New(size)
            \tfor _, value := range values {
            \t\tr.Add(value)
            \t}
            \treturn r.Last()
            }

            func TestEmpty(t *testing.T) {
            \tif got := added(3); len(got) != 0 {
            \t\tt.Errorf("got %v", got)
            \t}
            }

            func TestFull(t *testing.T) {
            \tif got := added(3, 1, 2, 3); !reflect.DeepEqual(got, []int{1, 2, 3}) {
            \t\tt.Errorf("got %v", got)
            \t}
            }

            func TestTheOldestGoes(t *testing.T) {
            \tif got := added(3, 1, 2, 3, 4, 5); !reflect.DeepEqual(got, []int{3, 4, 5}) {
            \t\tt.Errorf("got %v", got)
            \t}
            }
            """,
        },
    ),
    project(
        "splitting",
        "go",
        "aliasing",
        {
            "split.go": """
            // Package split puts rows into groups.
            package split

            // Batches cuts items into lists of at most size, which belong to the caller.
            func Batches(items []string, size int) [][]string {
            \tvar batches [][]string
            \tfor start := 0; start < len(items); start += size {
            \t\tend := min(start+size, len(items))
            \t\tbatches = append(batches, «items[start:end]»«append([]string(nil), items[start:end]...)»)
            \t}
            \treturn batches
            }
            """,
            "min.go": """
            package split

            func min(a, b int) int {
            \tif a < b {
            \t\treturn a
            \t}
            \treturn b
            }
            """,
        },
        tests={
            "split_test.go": """
            package split

            import (
            \t"reflect"
            \t"testing"
            )

            func TestTheLastIsShorter(t *testing.T) {
            \tgot := Batches([]string{"a", "b", "c"}, 2)
            \tif !reflect.DeepEqual(got, [][]string{{"a", "b"}, {"c"}}) {
            \t\tt.Errorf("got %v", got)
            \t}
            }

            func TestNothing(t *testing.T) {
            \tif got := Batches(nil, 2); len(got) != 0 {
            \t\tt.Errorf("got %v", got)
            \t}
            }

            func TestAppendingToOneLeavesTheOthers(t *testing.T) {
            \tgot := Batches([]string{"a", "b", "c", "d"}, 2)
            \tgot[0] = append(got[0], "x")
            \tif got[1][0] != "c" {
            \t\tt.Errorf("got %v", got)
            \t}
            }
            """,
        },
    ),
    project(
        "duration",
        "go",
        "error handling",
        {
            "parse.go": """
            // Package human reads times as people write them.
            package human

            import (
            \t"fmt"
            \t"strconv"
            \t"strings"
            )

            // Seconds reads words like `1h`, `20m` and `5s`.
            func Seconds(text string) (int, error) {
            \tfields := strings.Fields(text)
            \tif len(fields) == 0 {
            \t\treturn 0, fmt.Errorf("no time")
            \t}
            \tsum := 0
            \tfor _, word := range fields {
            \t\tunit, known := units[word[len(word)-1]]
            \t\tif !known {
            \t\t\treturn 0, fmt.Errorf("no unit in %q", word)
            \t\t}
            \t\tcount, err := strconv.Atoi(word[:len(word)-1])
            \t\tif err != nil {
            \t\t\t«continue»«return 0, fmt.Errorf("no number in %q: %w", word, err)»
            \t\t}
            \t\tsum += count * unit
            \t}
            \treturn sum, nil
            }
            """,
            "units.go": """
            package human

            var units = map[byte]int{'s': 1, 'm': 60, 'h': «360»«3600», 'd': 86400}
            """,
        },
        tests={
            "parse_test.go": """
            package human

            import "testing"

            func TestSeconds(t *testing.T) {
            \tfor text, want := range map[string]int{"5s": 5, "2m 1s": 121, "1d": 86400} {
            \t\tif got, err := Seconds(text); err != nil || got != want {
            \t\t\tt.Errorf("%q: %d, %v", text, got, err)
            \t\t}
            \t}
            }

            func TestHours(t *testing.T) {
            \tif got, err := Seconds("1h 5m"); err != nil || got != 3900 {
            \t\tt.Errorf("%d, %v", got, err)
            \t}
            }

            func TestWhatIsNoTime(t *testing.T) {
            \tfor _, text := range []string{"", "5", "xs", "1h fives"} {
            \t\tif got, err := Seconds(text); err == nil {
            \t\t\tt.Errorf("%q: %d", text, got)
            \t\t}
            \t}
            }
            """,
        },
    ),
    project(
        "padding",
        "go",
        "unicode",
        {
            "table.go": """
            // Package table prints columns.
            package table

            «import "strings"»«import (
            \t"strings"
            \t"unicode/utf8"
            )»

            // Pad adds spaces up to a width in characters.
            func Pad(text string, width int) string {
            \tmissing := width - «len(text)»«utf8.RuneCountInString(text)»
            \tif missing <= 0 {
            \t\treturn text
            \t}
            \treturn text + strings.Repeat(" ", missing)
            }

            func Row(cells []string, widths []int) string {
            \tpadded := make([]string, len(cells))
            \tfor at, cell := range cells {
            \t\tpadded[at] = Pad(cell, widths[at])
            \t}
            \treturn strings.TrimRight(strings.Join(padded, " | "), " ")
            }
            """,
        },
        tests={
            "table_test.go": """
            package table

            import "testing"

            func TestRow(t *testing.T) {
            \tif got := Row([]string{"a", "bc", "d"}, []int{3, 2, 4}); got != "a   | bc | d" {
            \t\tt.Errorf("got %q", got)
            \t}
            }

            func TestLonger(t *testing.T) {
            \tif got := Pad("abc", 2); got != "abc" {
            \t\tt.Errorf("got %q", got)
            \t}
            }

            func TestLetters(t *testing.T) {
            \tif got := Pad("Käse", 6); got != "Käse  " {
            \t\tt.Errorf("got %q", got)
            \t}
            }
            """,
        },
    ),
)
