from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from rich.console import Console
from rich.live import Live

from pcloud.errors import TimedOutError
from pcloud.model.words import Desired
from pcloud.records.status import AssemblyStatus, DeployableStatus, ResourceStatus
from pcloud.screen.progress import Course, LiveView, Outcome, SilentView, outcome, stuck_reasons

NOW = datetime(2025, 3, 9, 12, 1, 3, tzinfo=UTC)


def looks(state: str, *assemblies: str, desired: str = "running", resource: str = "healthy", reason: str = "") -> DeployableStatus:
    return DeployableStatus(
        name="blog",
        state=state,
        desired=desired,
        reason="",
        assemblies=[
            AssemblyStatus(
                name=f"a{number}",
                state=each,
                reason=reason,
                since=NOW,
                infrastructure="memory",
                instance=None,
                resources=[ResourceStatus(name="r", state=resource, reason="gone", since=NOW)],
            )
            for number, each in enumerate(assemblies)
        ],
    )


class Time:
    """A clock that moves by waiting only."""

    def __init__(self) -> None:
        self.now = 0.0

    def wait(self, seconds: float) -> None:
        self.now += seconds


def course(statuses: Sequence[DeployableStatus], goal: Desired = Desired.RUNNING, timeout: float | None = None) -> Course:
    time, left = Time(), iter([*statuses[:-1]])
    return Course(lambda: next(left, statuses[-1]), goal, timeout, clock=lambda: time.now, wait=time.wait)


def test_it_ends_when_all_is_healthy() -> None:
    reached, status = course([looks("starting", "booting"), looks("starting", "healthy"), looks("healthy", "healthy")]).follow(SilentView())
    assert (reached, status.state) == (Outcome.REACHED, "healthy")


def test_it_ends_when_all_is_stopped() -> None:
    going = [looks("stopping", "stopping", desired="stopped"), looks("stopped", "absent", desired="stopped")]
    assert course(going, Desired.STOPPED).follow(SilentView())[0] is Outcome.REACHED


@pytest.mark.parametrize("word", ["blocked", "exhausted"])
def test_it_ends_when_something_waits_for_somebody(word: str) -> None:
    stuck = looks("starting", "healthy", word, reason="no such image")
    assert course([looks("starting", "booting"), stuck]).follow(SilentView())[0] is Outcome.STUCK
    assert list(stuck_reasons(stuck)) == [f"blog/a1 {word}: no such image"]


def test_a_blocked_resource_is_named() -> None:
    assert list(stuck_reasons(looks("blocked", "failed", resource="blocked"))) == ["blog/a0/r blocked: gone"]


def test_what_is_held_waits_for_somebody() -> None:
    assert outcome(looks("held", "held"), Desired.RUNNING) is Outcome.STUCK


@pytest.mark.parametrize("state", ["held", "exhausted", "blocked"])
def test_nothing_keeps_a_deployable_from_being_stopped(state: str) -> None:
    assert outcome(looks("stopping", state, desired="stopped"), Desired.STOPPED) is Outcome.GOING


def test_it_ends_when_the_deployable_is_told_otherwise() -> None:
    assert outcome(looks("stopping", "stopping", desired="stopped"), Desired.RUNNING) is Outcome.STUCK


def test_it_ends_when_the_time_is_over_and_says_where_to_look() -> None:
    with pytest.raises(TimedOutError, match="blog is starting after 1m30s") as caught:
        course([looks("starting", "booting")], timeout=90).follow(SilentView())
    assert "pcloud deployable status blog" in caught.value.cure


def test_a_live_view_fits_a_narrow_terminal() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=60, color_system=None)
    with Live(console=console, auto_refresh=False) as live:
        going = [looks("starting", "provisioning", reason="x " * 100), looks("healthy", "healthy")]
        course(going).follow(LiveView(live, lambda: 60))
    assert "1 of 1 healthy" in out.getvalue()
    assert max(len(line) for line in out.getvalue().replace("\r", "\n").split("\n") if "\x1b" not in line) <= 60
