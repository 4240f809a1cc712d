"""How many deployables, machines and services stand how.

Rules: only what has changed since the last time is counted anew, so that whoever asks every few seconds costs nothing among thousands that
are well. States are never changed, only replaced: the same object says the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from cpe.shell.attending import Attendance
from cpe.shell.status import seen_word
from dpe.policy.summary import assembly_word, deployable_word, is_done, is_held
from pcloud.model.plan import AssemblyPlan
from pcloud.model.ports import Load
from pcloud.model.state import DeployableState, Recovery
from pcloud.model.words import Origin, Phase

Counts = Counter[tuple[str, str]]
"""By what is counted (``deployable``, ``assembly``, ``resource``, ``recovery``, ``held``, ``machine``, ``contact``) and its word."""

IDLE = Load(0, 0, 0)


@dataclass(slots=True)
class Entry:
    """One deployable as it was counted last."""

    state: DeployableState | None
    trouble: str
    counts: Counts
    checks: float

    @property
    def word(self) -> str:
        """How it stands."""
        return next(word for kind, word in self.counts if kind == "deployable")


@dataclass(frozen=True, slots=True)
class Seen:
    """All of them now. ``performing``: actions under way; ``waiting`` and ``room``: the fullest inbox of a DPE; ``checks``: a second."""

    counts: Counts
    performing: int
    waiting: int
    room: int
    checks: float = 0.0

    def of(self, kind: str) -> dict[str, int]:
        """How many of a kind are there by their words, in the order of these."""
        return {word: number for (each, word), number in sorted(self.counts.items()) if each == kind and number}


@dataclass(slots=True)
class Census:
    """Counts what ``attendance`` knows."""

    attendance: Attendance
    _entries: dict[str, Entry] = field(default_factory=dict)
    _counts: Counts = field(default_factory=Counter)

    def look(self) -> Seen:
        """Count."""
        loads = []
        known = self.attendance.everybody()
        for name, (engine, trouble) in known.items():
            loads.append(engine.load if engine is not None and not trouble else IDLE)
            state = engine.state if engine is not None else None
            entry = self._entries.get(name)
            if entry is None or entry.state is not state or entry.trouble != trouble:
                counts = counted(state, self.attendance.word(name) if trouble else "")
                self._enter(name, Entry(state, trouble, counts, 0.0 if trouble else checks_per_second(state)))
        for name in self._entries.keys() - known.keys():
            self._counts.subtract(self._entries.pop(name).counts)
        fullest = max(loads, key=lambda load: load.waiting, default=IDLE)
        room = max((load.room for load in loads), default=0)
        checks = sum(entry.checks for entry in self._entries.values())
        return Seen(self._counts, sum(load.performing for load in loads), fullest.waiting, room, checks)

    def words(self) -> dict[str, str]:
        """How each stood when they were counted last, by name."""
        return {name: entry.word for name, entry in self._entries.items()}

    def _enter(self, name: str, entry: Entry) -> None:
        before = self._entries.get(name)
        if before is not None:
            self._counts.subtract(before.counts)
        self._entries[name] = entry
        self._counts.update(entry.counts)


def counted(state: DeployableState | None, word: str) -> Counts:
    """One deployable; ``word`` is how it stands where its own state does not say."""
    if state is None:
        return Counter({("deployable", word): 1})
    counts: Counts = Counter({("deployable", word or deployable_word(state)): 1})
    counts.update(of_recovery(state.recovery))
    for each in state.assemblies.values():
        counts["assembly", assembly_word(each)] += 1
        counts["machine", ""] += each.instance is not None
        counts["contact", ""] += each.contact
        counts.update(of_recovery(each.recovery))
        for resource in each.resources.values():
            counts["resource", seen_word(resource, each)] += 1
            counts.update(of_recovery(resource.recovery))
    return counts


def checks_per_second(state: DeployableState | None) -> float:
    """How often services are looked at, by the intervals of its spec: in machines with which there is contact, and from the controller."""
    if state is None or state.plan is None or state.stale:
        return 0.0
    rate = 0.0
    for plan in state.plan.assemblies:
        seen = state.assemblies.get(plan.name)
        if seen is not None and seen.instance is not None:
            rate += sum(_rates(plan, inside=seen.contact))
    return rate


def _rates(plan: AssemblyPlan, *, inside: bool) -> Iterator[float]:
    """Of each probe of an assembly that is run, how often a second."""
    for resource in plan.resources:
        if inside and resource.agent is not None:
            yield 1 / resource.interval
        yield from (1 / check.interval for check in resource.checks if inside or check.origin is Origin.CONTROLLER)


def of_recovery(recovery: Recovery | None) -> list[tuple[str, str]]:
    """A recovery under way, and what holds it. A start and a reload are none: nothing has failed, and nobody has asked for one."""
    if recovery is None or not is_done(recovery) or not (recovery.failures or recovery.manual):
        return []
    found = [("recovery", str(recovery.rung))]
    if recovery.phase is Phase.APPROVAL:
        found.append(("held", "approval"))
    elif is_held(recovery):
        found.append(("held", str(recovery.guards[-1].guard) if recovery.guards else "unknown"))
    return found
