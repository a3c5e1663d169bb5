"""What a recipe is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ingredient:
    amount: float
    unit: str
    name: str
    note: str = ""


@dataclass(frozen=True)
class Recipe:
    title: str
    servings: int
    ingredients: tuple


class RecipeError(Exception):
    """A text is not a recipe; the message says which line is wrong."""
