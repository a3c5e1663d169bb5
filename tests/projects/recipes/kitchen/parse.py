"""Reads a recipe from text."""

import re

from kitchen.model import Ingredient, Recipe, RecipeError
from kitchen.units import is_unit

SERVINGS = re.compile(r"serves (\d+)")
NOTE = re.compile(r"\s*\(([^)]*)\)$")


def parse_ingredient(line):
    """An ingredient such as `250 g flour` or `2 onions (large)`. What is in brackets is its note."""
    name = NOTE.sub("", line.strip())
    words = name.split()
    try:
        amount = float(words[0])
    except (ValueError, IndexError):
        raise RecipeError(f"no amount in {line!r}") from None
    rest = words[1:]
    unit = rest.pop(0) if rest and is_unit(rest[0]) else ""
    if not rest:
        raise RecipeError(f"no name in {line!r}")
    return Ingredient(amount=amount, unit=unit, name=" ".join(rest))


def parse_recipe(text):
    """A recipe: the title, the servings, then one ingredient in each line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 3:
        raise RecipeError("a recipe has a title, servings and ingredients")
    servings = SERVINGS.fullmatch(lines[1])
    if servings is None:
        raise RecipeError(f"no servings in {lines[1]!r}")
    return Recipe(
        title=lines[0],
        servings=int(servings.group(1)),
        ingredients=tuple(parse_ingredient(line) for line in lines[2:]),
    )
