"""When a DPE that dies is started again, and when it is not."""

from __future__ import annotations

import pytest

from cpe.shell.deaths import MOST, Deaths, died_of


@pytest.mark.parametrize(
    ("moments", "blocked"),
    [((0, 1), False), ((0, 1, 3), True), ((0, 300, 600), True), ((0, 300, 601), False), ((0, 500, 900, 1100), True)],
    ids=["twice", "three times at once", "ten minutes, and the boundary counts", "a second longer", "the last three count"],
)
def test_the_third_death_within_ten_minutes_is_one_too_many(moments: tuple[float, ...], blocked: bool) -> None:
    deaths = Deaths()
    for at in moments:
        assert not deaths.too_many
        deaths.of_a_bug(at, lived=1.0)
    assert deaths.too_many is blocked


def test_the_wait_doubles_to_a_minute_and_begins_anew_after_a_long_life() -> None:
    deaths = Deaths()
    waits = []
    for _ in range(100):
        deaths.otherwise(lived=1.0)
        waits.append(deaths.wait)
    assert waits[:8] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert waits[-1] == 60.0
    assert not deaths.too_many, "none of these was a bug"
    deaths.otherwise(lived=601.0)
    assert deaths.wait == 1.0


def test_what_it_died_of_is_one_line() -> None:
    assert died_of(KeyError("db")) == "KeyError: 'db'"
    assert died_of(RuntimeError()) == "RuntimeError"
    assert died_of(ValueError("two\nlines")) == "ValueError: two"
    assert len(died_of(ValueError("x" * 5000))) == len("ValueError: ") + MOST
