"""A recipe as a card to print."""

from kitchen.units import quantity


def ingredient_line(ingredient):
    """One ingredient as a line of the card; a note follows the name after a comma."""
    return f"- {quantity(ingredient.amount, ingredient.unit)} {ingredient.name}"


def card(recipe):
    """The whole card: title, servings, ingredients."""
    heading = f"{recipe.title} (serves {recipe.servings})"
    lines = [heading, "=" * len(heading)]
    lines += [ingredient_line(ingredient) for ingredient in recipe.ingredients]
    return "\n".join(lines) + "\n"
