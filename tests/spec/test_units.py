"""Durations and sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcloud.spec.units import BYTES, LARGEST, LONGEST, duration, duration_text, size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5s", 5), ("10m", 600), ("1h30m", 5400), ("250ms", 0.25), ("90", 90), (90, 90), (0.5, 0.5), ("1.5h", 5400), ("1d", 86400), ("0s", 0)],
)
def test_a_duration_is_seconds(text: object, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "5 s", "s", "30m1h", "1h1h", "-5s", -1, "5sec", True, None, [], float("nan"), "٣s", "1:30"])
def test_what_is_no_duration_is_refused_by_name(text: object) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        duration(text)


@pytest.mark.parametrize("text", ["4000d", 10**400, float("inf"), "999999999999999h"])
def test_a_duration_of_more_than_ten_years_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="ten years"):
        duration(text)


@given(st.integers(0, int(LONGEST * 1000)))
def test_a_duration_is_read_back_from_how_it_is_written(milliseconds: int) -> None:
    assert round(duration(duration_text(milliseconds / 1000)) * 1000) == milliseconds


@given(st.floats(0, LONGEST))
def test_a_number_of_seconds_is_itself(seconds: float) -> None:
    assert duration(seconds) == seconds


@pytest.mark.parametrize(("text", "count"), [("512MiB", 512 * 2**20), ("5GiB", 5 * 2**30), ("1.5 TiB", 3 * 2**39), ("2GB", 2 * 10**9)])
def test_a_size_is_bytes(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", [5, "5", "5G", "GiB", "-5GiB", "", None, True, "5gib", "0GiB", "999999999TiB"])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        size(text)


@given(st.integers(1, 1000), st.sampled_from(sorted(BYTES)))
def test_every_unit_counts_what_it_says(count: int, unit: str) -> None:
    assert size(f"{count}{unit}") == count * BYTES[unit] <= LARGEST
