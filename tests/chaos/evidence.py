"""What the judge goes by: what was seen of processes and clouds, what the store held, what a client was told, what struck.

Rules: times are seconds on the run's own monotonic clock, from the beginning of the faults; ``stamp`` is when something was seen first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.schedule import Fault


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault as it went: when it began and ended, and why it did not strike at all, if so."""

    fault: Fault
    began: float
    ended: float
    missed: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An event in the store. ``record`` is the decision that it carries, or nothing."""

    seq: int
    stamp: float
    deployable: str
    assembly: str
    resource: str
    kind: str
    before: str
    after: str
    reason: str
    decision: str
    record: Mapping[str, Any] | None = None

    @property
    def target(self) -> str:
        return "/".join(part for part in (self.deployable, self.assembly, self.resource) if part)

    @property
    def acts(self) -> str:
        """The recovery that it decides to do; "" if it decides none. What an operator has asked for, a start, is none."""
        record = self.record or {}
        return str(record.get("action") or "") if record.get("choice") == "act" and record.get("rule") != "start" else ""


@dataclass(frozen=True, slots=True)
class Double:
    """Two machines of one assembly that ran at once, from when to when, and their generations."""

    target: str
    began: float
    ended: float
    generations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What a client was told that it is done: ``what`` is created, paused or resumed; ``mark`` stands in its line of the journal."""

    what: str
    deployable: str
    asked: float
    answered: float
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Recoveries above a restart in flight at one moment, as a snapshot of the store says, by deployable and infrastructure."""

    at: float
    deployables: Mapping[str, int]
    infrastructures: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Stock:
    """The machines of an assembly when all is well again, by id: which there are, and which the store knows, and those it keeps because

    they failed.
    """

    there: frozenset[str]
    known: frozenset[str]
    failed: frozenset[str]


@dataclass(slots=True)
class Evidence:
    """One world's. ``broken``: for each target from when to when it was not whole, as its processes say."""

    struck: list[Struck] = field(default_factory=list)
    broken: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    doubles: list[Double] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    crowds: list[Crowd] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    shown: dict[int, str] = field(default_factory=dict)  # events that a client was shown: seq and target
    deaths: list[tuple[float, str]] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)  # deployables in the store at the end
    unrecovered: dict[str, str] = field(default_factory=dict)  # what was not healthy in time, and how it stood
    stocks: dict[str, Stock] = field(default_factory=dict)  # by target
    strays: list[str] = field(default_factory=list)
    backwards: list[str] = field(default_factory=list)  # volumes that lost what was counted, or had two writers
    settled: float = 0.0  # when all was well after the last fault; seconds after it
