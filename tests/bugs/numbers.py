"""Small bugs: what is counted and computed."""

from __future__ import annotations

from bugs.bug import assertions

NUMBERS = (
    assertions(
        "cart",
        "wrong operator",
        """
        def total(prices, discount):
            \"\"\"What is to be paid, never less than nothing.\"\"\"
            return max(0, sum(prices) «+»«-» discount)
        """,
        """
        assert total([10, 5], 3) == 12
        assert total([], 0) == 0
        assert total([1], 5) == 0
        """,
    ),
    assertions(
        "leap",
        "wrong operator",
        """
        def is_leap(year):
            if year % 400 == 0:
                return True
            return year % 4 == 0 «or»«and» year % 100 != 0


        def days_in(year):
            return 366 if is_leap(year) else 365
        """,
        """
        assert days_in(2024) == 366
        assert days_in(2023) == 365
        assert days_in(1900) == 365
        assert days_in(2000) == 366
        """,
    ),
    assertions(
        "roman",
        "wrong operator",
        """
        VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


        def to_number(text):
            total = 0
            for index, letter in enumerate(text):
                value = VALUES[letter]
                following = VALUES[text[index + 1]] if index + 1 < len(text) else 0
                if value < following:
                    total «+=»«-=» value
                else:
                    total += value
            return total
        """,
        """
        assert to_number("VIII") == 8
        assert to_number("IX") == 9
        assert to_number("MCMXCIV") == 1994
        """,
    ),
    assertions(
        "median",
        "missing case",
        """
        def median(values):
            ordered = «values»«sorted(values)»
            middle = len(ordered) // 2
            if len(ordered) % 2:
                return ordered[middle]
            return (ordered[middle - 1] + ordered[middle]) / 2
        """,
        """
        assert median([1, 2, 3]) == 2
        assert median([3, 1, 2]) == 2
        assert median([4, 1, 3, 2]) == 2.5
        """,
    ),
    assertions(
        "clock",
        "wrong value",
        """
        def clock(seconds):
            \"\"\"`seconds` as h:mm:ss.\"\"\"
            hours, rest = divmod(seconds, 3600)
            minutes, seconds = divmod(rest, 60)
            return f"{hours}:{minutes«»«:02»}:{seconds:02}"
        """,
        """
        assert clock(3661) == "1:01:01"
        assert clock(0) == "0:00:00"
        assert clock(7199) == "1:59:59"
        """,
    ),
    assertions(
        "primes",
        "off by one",
        """
        def primes(most):
            \"\"\"All primes up to and with `most`.\"\"\"
            found = []
            for number in range(2, most«»« + 1»):
                if all(number % prime for prime in found):
                    found.append(number)
            return found
        """,
        """
        assert primes(10) == [2, 3, 5, 7]
        assert primes(11) == [2, 3, 5, 7, 11]
        assert primes(1) == []
        """,
    ),
    assertions(
        "matrix",
        "wrong value",
        """
        def transposed(rows):
            return [list(column) for column in zip(*rows)]


        def times(left, right):
            columns = «right»«transposed(right)»
            return [[sum(a * b for a, b in zip(row, column)) for column in columns] for row in left]
        """,
        """
        assert transposed([[1, 2], [3, 4]]) == [[1, 3], [2, 4]]
        assert times([[1, 2], [3, 4]], [[5, 6], [7, 8]]) == [[19, 22], [43, 50]]
        assert times([[1, 0], [0, 1]], [[2, 3], [4, 5]]) == [[2, 3], [4, 5]]
        """,
    ),
    assertions(
        "money",
        "rounding",
        """
        def split(cents, people):
            \"\"\"Equal parts as far as possible: the first ones pay a cent more.\"\"\"
            part, rest = divmod(cents, people)
            return [part + (1 if number < «people»«rest» else 0) for number in range(people)]
        """,
        """
        assert split(10, 3) == [4, 3, 3]
        assert split(9, 3) == [3, 3, 3]
        assert sum(split(101, 7)) == 101
        assert len(split(7, 4)) == 4
        """,
    ),
)
