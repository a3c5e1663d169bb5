import pytest

from kitchen.model import Ingredient, RecipeError
from kitchen.parse import parse_ingredient, parse_recipe


def test_an_ingredient_has_amount_unit_and_name():
    assert parse_ingredient("250 g flour") == Ingredient(250, "g", "flour")
    assert parse_ingredient("0.5 l whole milk") == Ingredient(0.5, "l", "whole milk")


def test_a_unit_may_be_missing():
    assert parse_ingredient("3 eggs") == Ingredient(3, "", "eggs")


def test_a_note_is_no_part_of_the_name():
    assert parse_ingredient("2 onions (large)").name == "onions"


@pytest.mark.parametrize("line", ["flour", "some flour", ""])
def test_an_ingredient_without_an_amount_is_refused(line):
    with pytest.raises(RecipeError, match="no amount"):
        parse_ingredient(line)


def test_an_ingredient_without_a_name_is_refused():
    with pytest.raises(RecipeError, match="no name"):
        parse_ingredient("250 g")


def test_a_recipe_has_title_servings_and_ingredients():
    recipe = parse_recipe("Omelette\nserves 2\n\n4 eggs\n20 g butter\n")
    assert (recipe.title, recipe.servings) == ("Omelette", 2)
    assert [ingredient.name for ingredient in recipe.ingredients] == ["eggs", "butter"]


def test_a_recipe_without_servings_is_refused():
    with pytest.raises(RecipeError, match="no servings in '4 eggs'"):
        parse_recipe("Omelette\n4 eggs\n20 g butter\n")
