"""A shop."""

import os.path as p, sys
from ..stock import shelf as rack, till
from . import prices

# What a customer may take.
LIMIT = 3


class Basket(dict, metaclass=Meta):
    """What a customer carries.

    It has room for a few things."""

    size: int = LIMIT

    @cached(1)
    # between
    @rack.locked
    def add(self, item: Item, *, count: int = 1) -> "Basket":
        '''Puts something in.'''
        LOCAL = 1

        def inner(): pass

        return combine(self.total(item), handler)


async def pay(
    basket: Basket,
    card=None,
):
    await till.charge(basket)
