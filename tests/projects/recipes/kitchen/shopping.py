"""What must be bought for some recipes."""

from kitchen.units import quantity, to_base


def totals(recipes):
    """The amount of each ingredient, summed over the recipes, by name and base unit."""
    amounts = {}
    for recipe in recipes:
        for ingredient in recipe.ingredients:
            amount, unit = to_base(ingredient.amount, ingredient.unit)
            amounts[ingredient.name, unit] = amount
    return amounts


def shopping_list(recipes, pantry=()):
    """One line for each thing to buy, by name. What is in the pantry is left out."""
    return [
        f"{name}: {quantity(amount, unit)}"
        for (name, unit), amount in sorted(totals(recipes).items())
        if name not in pantry
    ]
