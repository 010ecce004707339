"""Recipes that build upon others are carried out after them, and never in a circle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import SettingsError
from rushes.selection.recipes import recipe as recipes
from rushes.selection.recipes.pools import check_no_circle, in_order
from rushes.store.objects import Objects


def add(store: Objects, name: str, *datapool: str) -> recipes.Recipe:
    return recipes.save(store, f"name: {name}\nsequence_length: 5\ndatapool: [{', '.join(datapool)}]\n")


def test_recipes_come_after_those_they_build_upon(store: Objects) -> None:
    add(store, "a", "c", "a")
    add(store, "b")
    add(store, "c", "d")
    add(store, "d")
    assert in_order(store) == ["d", "c", "a", "b"]


@given(st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_a_chain_of_any_shape_is_put_in_order(tmp_path_factory: pytest.TempPathFactory, upon: list[int]) -> None:
    store = Objects(tmp_path_factory.mktemp("store"))
    pools = {f"r{n}": [f"r{m}" for m in {upon[n]} if m > n] for n in range(6)}
    for name, datapool in pools.items():
        add(store, name, *datapool)
    found = in_order(store)
    assert sorted(found) == sorted(pools)
    assert all(found.index(other) < found.index(name) for name, datapool in pools.items() for other in datapool)


def test_a_recipe_may_build_upon_itself(store: Objects) -> None:
    check_no_circle(store, add(store, "a", "a"))


def test_a_circle_is_an_error_that_shows_the_way_round(store: Objects) -> None:
    first = add(store, "a", "b")
    add(store, "b", "x", "c")
    add(store, "c", "a")
    with pytest.raises(SettingsError, match="recipe a: datapool goes round in a circle: a → b → c → a"):
        check_no_circle(store, first)
    assert sorted(in_order(store)) == ["a", "b", "c"]


def test_a_circle_beside_the_way_is_not_its_own(store: Objects) -> None:
    outside = add(store, "z", "a")
    add(store, "a", "b")
    add(store, "b", "a")
    check_no_circle(store, outside)


def test_a_recipe_that_is_not_there_or_not_readable_builds_upon_nothing(store: Objects) -> None:
    check_no_circle(store, add(store, "a", "missing"))
    store.write("recipes/broken.yaml", b"name: [")
    assert in_order(store) == ["a", "broken"]
