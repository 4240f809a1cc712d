"""What services and their agents say of their own times."""

from __future__ import annotations

import pytest

from agents.habits import Habits, read_metadata, read_unit


@pytest.mark.parametrize(
    ("span", "meant"),
    [("20", 20.0), ("20s", 20.0), ("1500ms", 1.5), ("2min", 120.0), ("1 h", 3600.0), ("20S", 20.0), ("PT1M30S", 90.0), ("PT0.5S", 0.5)],
)
def test_metadata_name_times_as_pacemaker_reads_them(span: str, meant: float) -> None:
    assert read_metadata(f"start {span}\nmonitor {span}") == Habits(start=meant, monitor=meant)


@pytest.mark.parametrize("span", ["", "0", "0s", "soon", "20 parsecs", "-5", "PT", "\x1b[31m", "20s20s"])
def test_what_is_no_time_is_as_if_it_were_not_there(span: str) -> None:
    assert read_metadata(f"start {span}\nstop {span}\ninterval {span}\nmonitor {span}") == Habits()


def test_an_action_of_metadata_has_just_the_time_that_they_name() -> None:
    assert read_metadata("start 20s\nstop 3min\nmonitor 10\ninterval 15\nnoise") == Habits(20.0, 180.0, 10.0, 15.0)


def test_systemd_ends_what_takes_longer_than_its_unit_allows_before_we_do() -> None:
    assert read_unit("start 5min\nstop 1min 30s") == Habits(310.0, 100.0)
    assert read_unit("start 3s\nstop infinity") == Habits()
    assert read_unit("") == Habits()
