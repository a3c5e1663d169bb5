import pytest

from kitchen.parse import parse_recipe
from kitchen.scale import scale
from kitchen.units import quantity

OMELETTE = parse_recipe("Omelette\nserves 2\n4 eggs\n30 g butter\n")


def amounts(recipe):
    return [ingredient.amount for ingredient in recipe.ingredients]


def test_twice_the_servings_need_twice_as_much():
    assert amounts(scale(OMELETTE, 4)) == [8, 60]
    assert scale(OMELETTE, 4).servings == 4


def test_a_recipe_can_be_halved():
    assert amounts(scale(OMELETTE, 1)) == [2, 15]


def test_nobody_is_served_by_nothing():
    with pytest.raises(ValueError, match="at least one person"):
        scale(OMELETTE, 0)


@pytest.mark.parametrize(
    ("amount", "unit", "words"),
    [(250, "g", "250 g"), (1500, "g", "1.5 kg"), (2000, "ml", "2 l"), (3, "", "3")],
)
def test_large_amounts_get_large_units(amount, unit, words):
    assert quantity(amount, unit) == words


def test_amounts_are_rounded():
    assert quantity(100 / 3, "g") == "33.33 g"
