"""A part of the matrix that is another one every day, and that its list is complete. ``make matrix`` runs all of it."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from tests.matrix.running import Case, run_all
from tests.matrix.table import ELSEWHERE, FURTHER, ROWS, points, sample, unlisted

JOBS = 5
EACH = 2
SEED = int(os.environ.get("PCLOUD_MATRIX_SEED") or datetime.now(UTC).toordinal())


def test_every_declared_point_is_in_the_matrix_or_it_is_said_where_else() -> None:
    assert unlisted() == set()


def test_nothing_is_excused_that_is_in_the_matrix() -> None:
    listed = {point.rpartition(".")[0] for recovery in (*ROWS, *FURTHER) for point in points(recovery)}
    assert listed & set(ELSEWHERE) == set()


@pytest.mark.real
@pytest.mark.timeout(900)
def test_a_recovery_comes_through_the_points_that_are_listed_for_it() -> None:
    for result in run_all([Case(name) for name in (*ROWS, *FURTHER)], JOBS):
        assert not result.problems, f"{result.case}: {result.problems}\n{result.story}"
        listed = set(points(result.case.recovery))
        missing = listed - set(result.reached)
        assert not missing, f"{result.case} never came through {missing}"
        if result.case.recovery in ROWS:
            assert set(result.reached) == listed, f"{result.case} came through what is not listed"


@pytest.mark.real
@pytest.mark.timeout(900)
def test_a_recovery_that_is_cut_ends_well_and_leaves_one_generation() -> None:
    print(f"PCLOUD_MATRIX_SEED={SEED}")  # noqa: T201 - for whoever repeats it
    bad = [result for result in run_all(sample(SEED, EACH), JOBS) if result.problems]
    assert not bad, "\n\n".join(f"{each.case}: {'; '.join(each.problems)}\n{each.story}" for each in bad)
