"""Units, and how amounts are written."""

BASE_UNITS = {
    "g": ("g", 1),
    "kg": ("g", 1000),
    "ml": ("ml", 1),
    "l": ("ml", 1000),
    "": ("", 1),
}
LARGE_UNITS = {"g": "kg", "ml": "l"}


def is_unit(word):
    return word != "" and word in BASE_UNITS


def to_base(amount, unit):
    """The amount in grams, millilitres or pieces, and that unit."""
    base, factor = BASE_UNITS[unit]
    return amount * factor, base


def quantity(amount, unit):
    """An amount as a person writes it: 1500 g become 1.5 kg."""
    if amount >= 1000 and unit in LARGE_UNITS:
        amount, unit = amount / 1000, LARGE_UNITS[unit]
    number = f"{round(amount, 2):g}"
    return f"{number} {unit}" if unit else number
