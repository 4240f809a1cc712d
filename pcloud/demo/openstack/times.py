"""The table at the end: where the time of each recovery went.

Rules: pure; all of it is in the events. What takes place between a fault and the next change that is told is noticing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from pcloud.model.words import Choice
from pcloud.records.event import EventRecord
from pcloud.screen.columns import columns

if TYPE_CHECKING:
    from pcloud.demo.openstack.stage import Play

BOOT = "booting"
TOLD = ("failed", "suspect", "blocked", "exhausted")
HEADS = ("FAULT", "RECOVERY", "DETECT", "DECIDE", "ACT", "BOOT", "HEALTHY")


@dataclass(frozen=True, slots=True)
class Times:
    """Of one recovery, in seconds. ``detect``: from the fault to the first word of it; ``decide``: from there to the first action, None
    where nothing was done; ``act``: from there on all but ``boot``, the guest's own; ``healthy``: all of it, from the fault on.
    """

    title: str
    recovery: str
    detect: float
    decide: float | None
    act: float | None
    boot: float
    healthy: float


def times_of(title: str, recovery: str, play: Play) -> Times:
    """What the events of an act say."""
    events = play.events
    ended = _since(play, next(each for each in reversed(events) if each.assembly is None and each.to == "healthy"))
    noticed = next((_since(play, each) for each in events if each.assembly and (each.to or "").startswith(TOLD)), ended)
    decided = next((_since(play, each) for each in events if each.record is not None and each.record.choice is Choice.ACT), None)
    boot = booted(events)
    if decided is None:
        return Times(title, recovery, noticed, None, None, boot, ended)
    return Times(title, recovery, noticed, decided - noticed, ended - decided - boot, boot, ended)


def booted(events: Sequence[EventRecord]) -> float:
    """How long guests took to boot: from when the cloud had done its part, to their first answer."""
    total, since = 0.0, None
    for event in events:
        if event.resource is None and event.assembly is not None:
            if event.to == BOOT:
                since = event.at
            elif event.from_ == BOOT and since is not None:
                total += (event.at - since).total_seconds()
                since = None
    return total


def table(seen: Sequence[Times], width: int) -> Iterator[Text]:
    """A row for each act."""
    return columns(HEADS, [_row(each) for each in seen], width)


def _row(times: Times) -> tuple[str, ...]:
    fault = times.title.partition(" ")[2].rstrip(".")
    seconds = (times.detect, times.decide, times.act, times.boot or None, times.healthy)
    return (fault, times.recovery, *("-" if each is None else f"{each:.1f}s" for each in seconds))


def _since(play: Play, event: EventRecord) -> float:
    return (event.at - play.broken_at).total_seconds()
