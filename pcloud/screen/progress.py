"""A deployable on its way to where it was sent: a live line for each assembly, or a plain one for each change.

Rules: it only looks; ending it (Ctrl-C) changes nothing. It ends by itself when the deployable is there, or when it will not get there by
itself (``blocked`` or ``exhausted``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from rich.console import Group
from rich.live import Live
from rich.text import Text

from pcloud.errors import TimedOutError
from pcloud.model.words import Desired
from pcloud.records.status import AssemblyStatus, DeployableStatus
from pcloud.screen.columns import columns
from pcloud.screen.console import Screen
from pcloud.screen.format import age, ago, change_text, clean, clock, state_text
from pcloud.screen.status import instance_text
from pcloud.spec.units import duration_text

TICK = 0.25  # seconds between two looks: fluent to the eye; one costs the daemon about a millisecond

STUCK = ("blocked", "exhausted", "held")
"""States that wait for somebody (policy.md sections 1, 3.7 and 4); nothing of it keeps a deployable from being stopped."""


class Outcome(StrEnum):
    """Where a deployable is on its way."""

    GOING = "going"
    REACHED = "reached"
    STUCK = "stuck"


def outcome(status: DeployableStatus, goal: Desired) -> Outcome:
    """Whether ``status`` is where ``goal`` wants it, and whether it will get there by itself."""
    if status.state == {Desired.RUNNING: "healthy", Desired.STOPPED: "stopped"}[goal]:
        return Outcome.REACHED
    if status.desired != goal:
        return Outcome.STUCK
    if goal is Desired.RUNNING and any(stuck_reasons(status)):
        return Outcome.STUCK
    return Outcome.GOING


def stuck_reasons(status: DeployableStatus) -> Iterator[str]:
    """What waits for somebody, and why: ``blog/web blocked: no such image``."""
    for assembly in status.assemblies:
        yield from _stuck(f"{status.name}/{assembly.name}", assembly.state, assembly.reason)
        for resource in assembly.resources:
            yield from _stuck(f"{status.name}/{assembly.name}/{resource.name}", resource.state, resource.reason)


def _stuck(target: str, state: str, reason: str) -> Iterator[str]:
    if state.partition(":")[0] in STUCK:
        yield clean(f"{target} {state}: {reason}" if reason else f"{target} {state}")


class View(Protocol):
    """Shows one look after another."""

    def show(self, status: DeployableStatus, elapsed: float, /) -> None: ...


@dataclass
class PlainView:
    """A line for each change of an assembly's state."""

    screen: Screen
    seen: dict[str, str] = field(default_factory=dict)

    def show(self, status: DeployableStatus, _elapsed: float, /) -> None:
        for assembly in status.assemblies:
            before = self.seen.get(assembly.name)
            if before != assembly.state:
                self.seen[assembly.name] = assembly.state
                when = clock(assembly.since, datetime.now(UTC))
                line = Text(f"{when} {status.name}/{assembly.name}  ").append_text(change_text(before, assembly.state, assembly.reason))
                self.screen.say(line)


@dataclass
class LiveView:
    """All assemblies at once, in place."""

    live: Live
    width: Callable[[], int]

    def show(self, status: DeployableStatus, elapsed: float, /) -> None:
        healthy = sum(one.state == "healthy" for one in status.assemblies)
        head = Text(status.name, "bold").append("  ").append_text(state_text(status.state))
        head.append(f"  {healthy} of {len(status.assemblies)} healthy, {age(elapsed)}", "dim")
        now = datetime.now(UTC)
        rows = [_assembly_row(one, now) for one in status.assemblies]
        self.live.update(Group(head, *columns(("ASSEMBLY", "STATE", "SINCE", "INSTANCE", ""), rows, self.width())), refresh=True)


def _assembly_row(assembly: AssemblyStatus, now: datetime) -> tuple[str, Text, str, str, str]:
    return assembly.name, state_text(assembly.state), ago(assembly.since, now), instance_text(assembly.instance), clean(assembly.reason)


class SilentView:
    """Nothing; for programs, which get the end only."""

    def show(self, _status: DeployableStatus, _elapsed: float, /) -> None:
        pass


@dataclass
class Course:
    """Reads the status until it is decided. ``clock`` and ``wait`` are the time that it goes by."""

    read: Callable[[], DeployableStatus]
    goal: Desired
    timeout: float | None = None
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep

    def follow(self, view: View) -> tuple[Outcome, DeployableStatus]:
        """Show every look in ``view``; TimedOutError after ``timeout`` seconds."""
        began = self.clock()
        while True:
            status = self.read()
            elapsed = self.clock() - began
            view.show(status, elapsed)
            reached = outcome(status, self.goal)
            if reached is not Outcome.GOING:
                return reached, status
            if self.timeout is not None and elapsed >= self.timeout:
                raise TimedOutError(
                    f"{status.name} is {status.state} after {duration_text(self.timeout)}",
                    f"it goes on in the background; see `pcloud deployable status {status.name}`",
                )
            self.wait(TICK)


def follow(course: Course, screen: Screen, *, silent: bool = False) -> tuple[Outcome, DeployableStatus]:
    """Follow ``course`` on the screen in the way that suits it."""
    if silent:
        return course.follow(SilentView())
    if not screen.is_terminal:
        return course.follow(PlainView(screen))
    with Live(console=screen, auto_refresh=False) as live:
        return course.follow(LiveView(live, lambda: screen.width))
