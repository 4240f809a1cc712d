"""The figures of a run: by kind of fault, how soon the daemon noticed, how soon all was well again; and what the naive twin did."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.applications import Application
from tests.chaos.evidence import Evidence, Struck
from tests.chaos.judge import LAG, Judge
from tests.chaos.kinds import BY_NAME, KINDS, Harm


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, 95th percentile and maximum, in seconds."""

    median: float
    p95: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.1f} / {self.p95:.1f} / {self.most:.1f}"


@dataclass(frozen=True, slots=True)
class Row:
    """One kind. ``detected`` and ``recovered``: from its beginning; None where nothing came of it that could be timed."""

    kind: str
    struck: int
    missed: int
    detected: Spread | None
    recovered: Spread | None


def spread(values: Sequence[float]) -> Spread | None:
    """Of so many values; None of none."""
    if not values:
        return None
    line = sorted(values)
    return Spread(line[(len(line) - 1) // 2], line[min(len(line) - 1, int(0.95 * len(line)))], line[-1])


def rows(evidence: Evidence) -> list[Row]:
    """Every kind that was drawn."""
    by_kind: defaultdict[str, list[Struck]] = defaultdict(list)
    for struck in evidence.struck:
        by_kind[struck.fault.kind].append(struck)
    return [row(evidence, kind.name, by_kind[kind.name]) for kind in KINDS if kind.name in by_kind]


def row(evidence: Evidence, kind: str, struck: list[Struck]) -> Row:
    happened = [each for each in struck if not each.missed]
    detected: list[float] = []
    recovered: list[float] = []
    for each in happened if BY_NAME[kind].harm is not Harm.NONE else []:
        for target in each.fault.targets:
            noticed, well = course(evidence, each, target)
            detected += [noticed] if noticed is not None else []
            recovered += [well] if well is not None else []
    return Row(kind, len(happened), len(struck) - len(happened), spread(detected), spread(recovered))


def course(evidence: Evidence, struck: Struck, target: str) -> tuple[float | None, float | None]:
    """Seconds to the first line about the target that is no good news, and from the beginning to the line that says healthy again."""
    deployable, assembly = target.split("/")
    mine = [line for line in evidence.lines if (line.deployable, line.assembly) == (deployable, assembly) and line.stamp >= struck.began]
    bad = next((line for line in mine if line.after and line.before == "healthy" and line.stamp <= struck.ended + LAG), None)
    if bad is None:
        return None, None
    good = next((line for line in mine if not line.resource and line.after == "healthy" and line.seq > bad.seq), None)
    return bad.stamp - struck.began, None if good is None else good.stamp - struck.began


def recoveries(evidence: Evidence) -> Counter[str]:
    """What was decided to be done."""
    return Counter(line.acts for line in evidence.lines if line.acts)


def needless(evidence: Evidence, actions: list[tuple[float, str]], applications: tuple[Application, ...]) -> list[tuple[float, str]]:
    """What the twin made anew without a fault as its cause: as it judges by pages alone, most of what is broken then is its own doing."""
    judge = Judge(evidence, applications)
    return [(at, target) for at, target in actions if not judge.has_cause(*target.split("/"), at, anything=False)]
