"""How long what is on its way may be: the words of monitors, and rows of pending results."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.pending import Patience, Pending, read_pending, seconds
from agents.probes import Probe
from agents.statuses import AGENT, COMMAND
from pcloud.model.ports import ProbeSeen
from pcloud.model.words import Verdict


@pytest.mark.parametrize(
    ("span", "meant"),
    [
        ("1min 30s", 90.0),
        ("100ms 1min 30s", 90.1),
        ("0 1min 40s", 100.0),
        ("2h 1min 5.250s", 7265.25),
        ("1w 2d", 777600.0),
        ("500us", 0.0005),
        ("1month", 2629800.0),
        ("infinity", None),
        ("100ms infinity", None),
        ("", None),
        (" ", None),
        ("90", None),
        ("0", None),
        ("5 parsecs", None),
    ],
)
def test_time_spans_are_read_as_systemd_writes_them(span: str, meant: float | None) -> None:
    read = seconds(span)
    assert read == (meant if meant is None else pytest.approx(meant))


@given(st.text(max_size=60))
def test_no_text_whatsoever_is_an_error(text: str) -> None:
    seconds(text)
    read_pending(text, 90.0)


def test_the_longest_limit_counts_and_an_infinite_one_is_the_services_own_time() -> None:
    assert read_pending("pending job 30s: inactive with a job queued", 90.0) == Pending("job", 30.0, "inactive with a job queued")
    assert read_pending("pending activating 0 infinity: activating (start)", 77.0) == Pending("activating", 77.0, "activating (start)")
    assert read_pending("pending package 10min or 15min: so", 90.0) == Pending("package", 900.0, "so")
    assert read_pending("pending package 10min or infinity: so", 90.0) == Pending("package", 600.0, "so")
    assert read_pending("systemd does not answer: Connection reset by peer", 90.0) is None


def test_only_our_own_monitors_say_how_long_they_are_pending() -> None:
    text = "pending inactive 10min: inactive"
    ours, theirs = Probe("db", "", "", 5, 5, AGENT), Probe("db", "c", "", 5, 5, COMMAND)
    assert ours.judge("96", text) == ProbeSeen("db", "", Verdict.PENDING, "inactive", patience=600.0)
    assert ours.judge("96", "systemd does not answer") == ProbeSeen("db", "", Verdict.PENDING, "systemd does not answer")
    assert theirs.judge("96", text) == ProbeSeen("db", "c", Verdict.MISSED, f"exit status 96: {text}")


def of(patience: Patience, at: float, verdict: Verdict, kind: str = "", limit: float = 30.0) -> float:
    return patience.counted(ProbeSeen("db", "", verdict, "", patience=limit), kind, at).patience


def test_what_comes_later_in_a_row_has_its_time_on_top() -> None:
    patience = Patience()
    assert of(patience, 100.0, Verdict.PENDING, "deactivating", 90.0) == 90.0
    assert of(patience, 140.0, Verdict.PENDING, "inactive", 30.0) == 70.0
    assert of(patience, 160.0, Verdict.PENDING, "inactive", 30.0) == 70.0
    assert of(patience, 165.0, Verdict.MISSED) == 30.0
    assert of(patience, 170.0, Verdict.PENDING, "activating", 90.0) == 160.0


def test_a_unit_that_goes_round_in_circles_does_not_get_its_time_again() -> None:
    patience = Patience()
    for at in range(0, 1000, 10):
        assert of(patience, 0.0 + at, Verdict.PENDING, "activating", 90.0) == 90.0
        assert of(patience, 5.0 + at, Verdict.PENDING, "deactivating", 90.0) == 95.0


@pytest.mark.parametrize("end", [Verdict.PASSED, Verdict.FAILED, Verdict.BROKEN, Verdict.UNKNOWN])
def test_any_other_verdict_ends_the_row(end: Verdict) -> None:
    patience = Patience()
    of(patience, 0.0, Verdict.PENDING, "inactive")
    of(patience, 20.0, end)
    assert of(patience, 500.0, Verdict.PENDING, "activating", 90.0) == 90.0
