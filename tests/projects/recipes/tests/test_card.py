from kitchen.card import card
from kitchen.parse import parse_recipe


def test_a_card_lists_the_ingredients_below_the_title():
    recipe = parse_recipe("Omelette\nserves 2\n4 eggs\n30 g butter\n")
    assert card(recipe) == (
        "Omelette (serves 2)\n"
        "===================\n"
        "- 4 eggs\n"
        "- 30 g butter\n"
    )


def test_a_card_shows_the_notes_of_the_recipe():
    recipe = parse_recipe("Toast\nserves 1\n2 slices of bread\n20 g butter (soft)\n")
    assert card(recipe).splitlines()[-2:] == [
        "- 2 slices of bread",
        "- 20 g butter, soft",
    ]
