"""Three unclean starts within ten minutes, with no verified recovery between them, are a controller that must not trust itself."""

from __future__ import annotations

import pytest

from cpe.policy.trust import WINDOW, Start, crash_loop

WHY = "the controller has died 3 times within 10m, and no recovery verified between its starts (crash_loop_starts = 3)"


def starts(*walls: float) -> list[Start]:
    """Starts of which none ended in good order."""
    return [Start(wall) for wall in walls]


def test_the_fourth_start_after_three_deaths_is_the_third_unclean_one() -> None:
    assert crash_loop(starts(0), 3) == ""
    assert crash_loop(starts(0, 1, 2), 3) == ""
    assert crash_loop(starts(0, 1, 2, 3), 3) == WHY
    assert crash_loop(starts(0, 1, 2, 3, 4), 3) == WHY.replace("3 times", "4 times")


def test_the_first_start_of_a_store_has_none_before_it() -> None:
    assert crash_loop([], 3) == ""
    assert crash_loop(starts(0), 1) == ""
    assert crash_loop(starts(0, 1), 1)


def test_zero_never_doubts() -> None:
    assert crash_loop(starts(*range(50)), 0) == ""


@pytest.mark.parametrize(("last", "doubted"), [(1 + WINDOW, True), (1 + WINDOW + 0.5, False)])
def test_the_window_has_an_inclusive_boundary(last: float, doubted: bool) -> None:
    assert bool(crash_loop(starts(-5000, 1, 2, last), 3)) is doubted


def test_a_clock_that_was_set_back_makes_nothing_older_and_one_that_was_set_far_off_nothing_newer() -> None:
    assert crash_loop(starts(100, 101, 102, 50), 3)
    assert crash_loop(starts(7200, 7201, 7202, 50), 3) == ""


def test_a_clean_start_is_never_doubted_and_ends_nothing() -> None:
    known = [*starts(0, 1, 2), Start(3, ended=True)]
    assert crash_loop([*known, Start(4)], 3) == ""
    assert crash_loop([*known, Start(4), Start(5)], 3) == WHY.replace("3 times", "4 times")


@pytest.mark.parametrize("where", [0, 1, 2])
def test_a_run_in_which_all_was_shown_to_be_well_ends_what_was_before(where: int) -> None:
    known = [Start(wall, trusted=wall == where) for wall in range(3)]
    assert bool(crash_loop([*known, Start(3)], 3)) is (where == 0), "the first run is not between the unclean starts"
    assert crash_loop([*known, *starts(*range(3, 4 + where))], 3)
