from kitchen.parse import parse_recipe
from kitchen.shopping import shopping_list

OMELETTE = parse_recipe("Omelette\nserves 2\n4 eggs\n30 g butter\n")
PANCAKES = parse_recipe("Pancakes\nserves 4\n0.6 kg flour\n3 eggs\n0.5 l milk\n")
BREAD = parse_recipe("Bread\nserves 8\n900 g flour\n20 g salt\n")


def test_the_list_is_sorted_by_name():
    assert shopping_list([OMELETTE]) == ["butter: 30 g", "eggs: 4"]


def test_what_two_recipes_need_is_added_up():
    assert shopping_list([PANCAKES, BREAD]) == [
        "eggs: 3",
        "flour: 1.5 kg",
        "milk: 500 ml",
        "salt: 20 g",
    ]


def test_what_is_in_the_pantry_is_not_bought():
    assert shopping_list([BREAD], pantry={"salt"}) == ["flour: 900 g"]


def test_nothing_is_bought_for_no_recipes():
    assert shopping_list([]) == []
