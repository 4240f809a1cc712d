"""The order of assemblies."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from pcloud.spec.ordering import cycles, in_order


def test_without_dependencies_the_order_is_that_of_the_file() -> None:
    assert in_order({"web": [], "mysql": [], "cache": []}) == ["web", "mysql", "cache"]


def test_what_others_wait_for_comes_first_and_equals_stay_as_in_the_file() -> None:
    after: dict[str, list[str]] = {"front": ["web"], "web": ["mysql", "cache"], "mail": [], "mysql": [], "cache": []}
    assert in_order(after) == ["mail", "mysql", "cache", "web", "front"]


def test_each_knot_has_one_cycle_beginning_with_the_first_in_the_file() -> None:
    after = {"mysql": ["web"], "web": ["mysql"], "own": ["own"], "free": ["web"]}
    assert cycles(after) == [["mysql", "web", "mysql"], ["own", "own"]]


@given(st.lists(st.sets(st.integers(0, 9)), min_size=1, max_size=10))
def test_what_has_no_cycles_is_in_an_order_that_keeps_every_dependency(sets: list[set[int]]) -> None:
    after = {str(index): [str(other) for other in sorted(others) if other < len(sets)] for index, others in enumerate(sets)}
    if cycles(after):
        for ring in cycles(after):
            assert ring[0] == ring[-1]
            assert all(second in after[first] for first, second in itertools.pairwise(ring))
        return
    order = in_order(after)
    assert sorted(order) == sorted(after)
    assert all(order.index(other) < order.index(name) for name, others in after.items() for other in others)
