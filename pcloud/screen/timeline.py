"""One recovery as a timeline: what each target was when, and what happened, from the last moment at which all was well.

Rules: pure; everything in it is in the events, and a target of which no change is told has no lane.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pcloud.records.event import ALERT, GRANTED, EventRecord
from pcloud.screen.format import change_text, clean, told_once

WELL = "healthy"

MOST_LANES = 14  # what fits on a page beside the story
MOST_STEPS = 60  # likewise: a recovery that was tried again and again is told by its beginning


@dataclass(frozen=True, slots=True)
class Stretch:
    """A target was ``word`` from ``begin`` to ``end``, in seconds since the timeline's beginning."""

    word: str
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Lane:
    """All that one target was."""

    target: str
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to ``target``, in seconds since the beginning. ``decided``: with it something was decided."""

    at: float
    target: str
    text: str
    decided: bool
    alert: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """``scope`` is what it is about; ``ended``: it was well again at its end. ``length`` in seconds. ``hidden``: how many lanes and steps
    had no room.
    """

    scope: str
    began: datetime
    length: float
    ended: bool
    lanes: tuple[Lane, ...]
    steps: tuple[Step, ...]
    hidden: tuple[int, int] = (0, 0)


def timeline_of(events: Sequence[EventRecord], scope: str, first: EventRecord, last: EventRecord) -> Timeline:
    """What happened to the target ``scope`` around the decisions ``first`` to ``last``; ``events`` are its deployable's, in order."""
    told = [*_around(events, scope, first, last)] or [first]
    began, ended = told[0].at, told[-1].at
    length = (ended - began).total_seconds()
    lanes = _ordered(_lanes(told, began, length), scope, first)
    steps = [_step(event, began) for event in told_once(each for each in told if each.kind != GRANTED) if event.assembly]
    return Timeline(
        scope,
        began,
        length,
        any(_is_well(each, scope) for each in told if each.seq >= last.seq),
        tuple(lanes[:MOST_LANES]),
        tuple(steps[:MOST_STEPS]),
        (max(0, len(lanes) - MOST_LANES), max(0, len(steps) - MOST_STEPS)),
    )


def ends(events: Sequence[EventRecord], scope: str, last: EventRecord) -> bool:
    """Whether the story of ``scope`` is over with these events: more of them would not be told."""
    return any(_is_well(each, scope) and each.seq >= last.seq for each in events)


def _is_well(event: EventRecord, scope: str) -> bool:
    return event.target == scope and event.to == WELL


def _around(events: Sequence[EventRecord], scope: str, first: EventRecord, last: EventRecord) -> Iterator[EventRecord]:
    """From the first change of it since it was last well, to the last one until all of it was well again."""
    wells = [each.seq for each in events if _is_well(each, scope)]
    before = max((seq for seq in wells if seq < first.seq), default=0)
    after = min((seq for seq in wells if seq >= last.seq), default=events[-1].seq if events else 0)
    ended = next((each.at for each in events if each.seq == after), None)
    begun = False
    for event in events:
        begun = begun or event.seq == first.seq or (event.seq > before and _changes(event, scope))
        if begun and (event.seq <= after or event.at == ended):  # what was settled in the same moment belongs to it
            yield event


def _changes(event: EventRecord, scope: str) -> bool:
    """Whether it says that the target, or something below it, is not what it was."""
    return event.from_ is not None and event.to not in {None, WELL} and f"{event.target}/".startswith(f"{scope}/")


def _lanes(events: Sequence[EventRecord], began: datetime, length: float) -> Iterator[Lane]:
    changes: dict[str, list[EventRecord]] = {}
    for event in events:
        if event.to is not None:
            changes.setdefault(event.target, []).append(event)
    for target, found in changes.items():
        stretches, word, since = [], found[0].from_ or "", 0.0
        for event in found:
            at = (event.at - began).total_seconds()
            if at > since:
                stretches.append(Stretch(clean(word), since, at))
            word, since = event.to or "", at
        yield Lane(clean(target), (*stretches, Stretch(clean(word), since, length)))


def _ordered(lanes: Iterator[Lane], scope: str, first: EventRecord) -> list[Lane]:
    """The deployable, the assembly that the first decision is about with what is on it, and then the others as they changed."""
    focus = "/".join(part for part in (first.deployable, first.assembly) if part)

    def place(lane: Lane) -> tuple[bool, bool]:
        return lane.target != first.deployable, not f"{lane.target}/".startswith(f"{focus}/")

    return sorted((each for each in lanes if scope == first.deployable or each.target != first.deployable), key=place)


def _step(event: EventRecord, began: datetime) -> Step:
    otherwise = "" if event.kind == ALERT else event.kind
    text = change_text(event.from_, event.to, event.reason, otherwise=otherwise).plain
    return Step((event.at - began).total_seconds(), clean(event.target), text, event.record is not None, event.alert)
