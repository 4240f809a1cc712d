"""The collections that do not change are what a dictionary and a sorted list would be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cpe.policy.shelves import CHUNK, Row, Shelf

NAMES = st.text(max_size=3)


@given(st.lists(st.tuples(NAMES, st.none() | st.integers())))
def test_a_shelf_is_a_dictionary(changes: list[tuple[str, int | None]]) -> None:
    shelf, model = Shelf[int](), dict[str, int]()
    for name, thing in changes:
        before, old = shelf, model.get(name)
        if thing is None:
            shelf = shelf.lacking(name)
            model.pop(name, None)
        else:
            shelf = shelf.having(name, thing)
            model[name] = thing
        assert before.get(name) == old, "the old one was changed"
    assert all(shelf.get(name) == model.get(name) for name, _ in changes)


@given(st.lists(st.integers(0, 3 * CHUNK), max_size=8 * CHUNK))
def test_a_row_is_a_sorted_list(changes: list[int]) -> None:
    row, model = Row[str](), dict[int, str]()
    for number in changes:
        before, old = row, [model[each] for each in sorted(model)]
        if number in model:
            row = row.lacking(number)
            del model[number]
        else:
            row = row.having(number, str(number))
            model[number] = str(number)
        assert list(before) == old, "the old one was changed"
    assert list(row) == [model[each] for each in sorted(model)]
    assert bool(row) == bool(model)
    assert not model or row.first == (min(model), str(min(model)))


def test_a_row_that_grows_at_its_end_is_made_of_full_chunks() -> None:
    row = Row[int]()
    for number in range(10 * CHUNK):
        row = row.having(number, number)
    assert len(row._chunks) == 10
