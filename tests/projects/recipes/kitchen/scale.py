"""Makes a recipe larger or smaller."""

from dataclasses import replace


def scale(recipe, servings):
    """The recipe for another number of servings."""
    if servings < 1:
        raise ValueError("a recipe serves at least one person")
    factor = servings / recipe.servings
    ingredients = tuple(
        replace(ingredient, amount=ingredient.amount * factor)
        for ingredient in recipe.ingredients
    )
    return replace(recipe, servings=servings, ingredients=ingredients)
