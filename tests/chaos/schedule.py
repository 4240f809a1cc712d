"""Which faults strike when: drawn from the seed alone, before anything runs.

Rules: the kinds come from a shuffled deck, so that none is missing for long; all that is drawn is written in the schedule, and nothing is
drawn later. A fault that stops or cuts a machine is not laid upon another one of that machine: the end of one would end both.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pcloud.failpoints import NAMES
from tests.chaos.applications import INFRASTRUCTURES, applications
from tests.chaos.kinds import KINDS, Kind, Scope

EVERY = 4.0
"""Seconds between two faults, on the average: as many overlap as a machine with two cores can bear for two worlds."""

LONGEST_SHARE = 0.25
"""Of a run's length that one fault may take."""

POINTS = 8
"""Failpoints that are told at once: the first that a recovery comes to is where it happens."""

REACHED = ("restart.", "start.", "reboot.", "fence.", "launch.", "configure.", "recovery.")
"""Failpoints that a run without operators comes through."""


@dataclass(frozen=True, slots=True)
class Fault:
    """``at`` and ``seconds`` from the beginning of the faults; ``targets`` as ASSEMBLY paths, an infrastructure, or nothing."""

    number: int
    at: float
    kind: str
    targets: tuple[str, ...]
    seconds: float
    detail: str = ""

    @property
    def end(self) -> float:
        return self.at + self.seconds

    def __str__(self) -> str:
        where = f"{len(self.targets)} machines" if len(self.targets) > 3 else " ".join(self.targets)
        lasting = f" for {self.seconds:.0f} s" if self.seconds else ""
        return " ".join(part for part in (f"#{self.number:<3} {self.at:7.1f} {self.kind}", where, self.detail) if part) + lasting


def draw(seed: int, seconds: float) -> tuple[Fault, ...]:
    """The faults of a run of so many seconds."""
    chance = random.Random(seed)
    found: list[Fault] = []
    busy: dict[str, float] = {}  # until when a machine is stopped or cut
    at = 0.0
    for number, kind in enumerate(deck(chance, seconds), 1):
        at += chance.expovariate(1 / EVERY)
        if at >= seconds:
            return tuple(found)
        lasts = chance.uniform(kind.shortest, max(kind.shortest, min(kind.longest, seconds * LONGEST_SHARE)))
        lasts = round(min(lasts, max(0.0, seconds - at)), 1)
        targets = tuple(targets_of(chance, kind, {name for name, until in busy.items() if until >= at}))
        if kind.scope in {Scope.ASSEMBLY, Scope.HALF}:
            busy.update(dict.fromkeys(targets, at + lasts))
        found.append(Fault(number, round(at, 1), kind.name, targets, lasts, detail(chance, kind)))
    return tuple(found)


def deck(chance: random.Random, seconds: float) -> Iterator[Kind]:
    """Kinds without end. The storms have their own time: they are held for minutes after one, and would otherwise be all that is seen."""
    cards = [kind for kind in KINDS for _ in range(kind.often) if kind.scope is not Scope.HALF]
    storms = [kind for kind in KINDS if kind.scope is Scope.HALF]
    chance.shuffle(storms)
    while True:
        chance.shuffle(cards)
        half = len(cards) // 2
        yield from cards[:half]
        yield storms[0]
        storms.append(storms.pop(0))
        yield from cards[half:]


def targets_of(chance: random.Random, kind: Kind, busy: set[str]) -> list[str]:
    """What it strikes."""
    machines = [
        f"{application.name}/{part.name}"
        for application in applications()
        for part in application.parts
        if part.relaunch or not kind.relaunches
    ]
    match kind.scope:
        case Scope.ASSEMBLY:
            return [chance.choice([each for each in machines if each not in busy] or machines)]
        case Scope.HALF:
            return sorted(set(chance.sample(machines, len(machines) // 2)) - busy)
        case Scope.INFRASTRUCTURE:
            return [chance.choice(INFRASTRUCTURES)]
        case _:
            return []


def detail(chance: random.Random, kind: Kind) -> str:
    """What else is drawn for it."""
    if kind.name.startswith("failpoint-"):
        names = sorted(name for name in NAMES if name.startswith(REACHED))
        if kind.name == "failpoint-lose":
            names = [name for name in names if name.endswith(".answered")]
        return " ".join(chance.sample(names, POINTS))
    if kind.name.startswith("clock-"):
        return f"{chance.choice((60, 600, 3600))}"
    if kind.name == "garbage":
        return f"{chance.getrandbits(32)}"
    return ""


def write(path: Path, seed: int, faults: tuple[Fault, ...]) -> None:
    """As a file that shows what was to happen."""
    path.write_text(json.dumps({"seed": seed, "faults": [asdict(fault) for fault in faults]}, indent=1) + "\n")
