"""Small bugs in Java."""

from __future__ import annotations

from bugs.bug import project

JAVA = (
    project(
        "fractions",
        "java",
        "missing case",
        {
            "src/Fraction.java": r"""
            /** A number as numerator and denominator, always in lowest terms, with its sign above. */
            record Fraction(long above, long below) {
                Fraction {
                    if (below == 0) {
                        throw new ArithmeticException("a denominator of 0");
                    }
                    long by = Numbers.divisor(above, below);
                    «»«if (below < 0) {
                        by = -by;
                    }
                    »above /= by;
                    below /= by;
                }

                Fraction plus(Fraction other) {
                    return new Fraction(above * other.below + other.above * below, below * other.below);
                }

                Fraction over(Fraction other) {
                    return new Fraction(above * other.below, below * other.above);
                }

                @Override
                public String toString() {
                    return below == 1 ? "" + above : above + "/" + below;
                }
            }
            """,
            "src/Numbers.java": r"""
            final class Numbers {
                /** The greatest common divisor, never negative. */
                static long divisor(long a, long b) {
                    return b == 0 ? Math.abs(a) : divisor(b, a % b);
                }
            }
            """,
        },
        tests={
            "tests/Tests.java": r"""
            class Tests {
                public static void main(String[] given) {
                    Fraction half = new Fraction(1, 2);
                    Tap.check("lowest terms", () -> new Fraction(6, 8).toString().equals("3/4"));
                    Tap.check("sum", () -> half.plus(half).toString().equals("1"));
                    Tap.check("equal", () -> new Fraction(2, 4).equals(half));
                    Tap.check("the sign is above", () -> new Fraction(1, -2).toString().equals("-1/2"));
                    Tap.check("over another", () -> half.over(new Fraction(-1, 4)).toString().equals("-2"));
                    Tap.done();
                }
            }
            """,
        },
    ),
    project(
        "identity",
        "java",
        "wrong operator",
        {
            "src/Grid.java": r"""
            import java.util.ArrayList;
            import java.util.List;

            final class Grid {
                private final List<List<Integer>> rows = new ArrayList<>();

                Grid row(Integer... cells) {
                    rows.add(List.of(cells));
                    return this;
                }

                /** The longest run of equal neighbours in any row. */
                int longestRun() {
                    int longest = 0;
                    for (List<Integer> row : rows) {
                        int run = 0;
                        for (int at = 0; at < row.size(); at++) {
                            Integer before = at > 0 ? row.get(at - 1) : null;
                            boolean same = «row.get(at) == before»«row.get(at).equals(before)»;
                            run = same ? run + 1 : 1;
                            longest = Math.max(longest, run);
                        }
                    }
                    return longest;
                }
            }
            """,
        },
        tests={
            "tests/Tests.java": r"""
            class Tests {
                public static void main(String[] given) {
                    Tap.check("small numbers", () -> new Grid().row(1, 2, 2, 2, 3).longestRun() == 3);
                    Tap.check("no row", () -> new Grid().longestRun() == 0);
                    Tap.check("a run ends with its row", () -> new Grid().row(5, 5).row(5).longestRun() == 2);
                    Tap.check("large numbers", () -> new Grid().row(1000, 1000, 1000).longestRun() == 3);
                    Tap.done();
                }
            }
            """,
        },
    ),
    project(
        "views",
        "java",
        "aliasing",
        {
            "src/Team.java": r"""
            import java.util.ArrayList;
            import java.util.Collection;
            import java.util.List;

            final class Team {
                private final List<String> members;

                Team(Collection<String> members) {
                    this.members = new ArrayList<>(members);
                }

                Team with(String name) {
                    List<String> more = «members»«new ArrayList<>(members)»;
                    more.add(name);
                    return new Team(more);
                }

                List<String> members() {
                    return List.copyOf(members);
                }
            }
            """,
            "src/League.java": r"""
            import java.util.Map;
            import java.util.TreeMap;

            final class League {
                private final Map<String, Team> teams = new TreeMap<>();

                void put(String name, Team team) {
                    teams.put(name, team);
                }

                int size(String name) {
                    return teams.containsKey(name) ? teams.get(name).members().size() : 0;
                }
            }
            """,
        },
        tests={
            "tests/Tests.java": r"""
            import java.util.List;

            class Tests {
                public static void main(String[] given) {
                    Team two = new Team(List.of("Ann")).with("Bo");
                    Tap.check("one more", () -> two.members().equals(List.of("Ann", "Bo")));
                    Tap.check("none", () -> new Team(List.of()).members().isEmpty());
                    Tap.check("the team itself stays", () -> {
                        Team team = new Team(List.of("Ann"));
                        team.with("Bo");
                        return team.members().equals(List.of("Ann"));
                    });
                    Tap.check("so does what a league has", () -> {
                        League league = new League();
                        Team team = new Team(List.of("Ann"));
                        league.put("red", team);
                        team.with("Bo").with("Cy");
                        return league.size("red") == 1 && league.size("blue") == 0;
                    });
                    Tap.done();
                }
            }
            """,
        },
    ),
)
