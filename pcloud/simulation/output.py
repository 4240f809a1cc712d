"""Decisions as they are written: one record each, for programs and for people.

Rules: the keys of interface.md (Simulate), and some more; times are seconds since the trace began, to the microsecond.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from pcloud.model.actions import Decision, Report
from pcloud.model.guards import GuardVerdict
from pcloud.model.state import DeployableState, Recovery
from pcloud.model.words import Choice, Phase
from pcloud.spec.units import duration_text

HEADER = ("time", "target", "decision", "action", "counters", "reason")


@dataclass(frozen=True, slots=True)
class Record:
    """One decision. ``due`` is when its action begins: later than ``at`` where there is a delay, None where somebody must say yes first."""

    at: float
    target: str
    decision: str
    action: str | None
    rung: str | None
    failures: int
    of: int
    within: float
    reason: str
    due: float | None
    rule: str
    next: str
    guards: tuple[dict[str, Any], ...]
    id: str


def recorded(report: Report, decision: Decision, state: DeployableState, at: float) -> Record:
    """What a report says, and what the state after it knows about when the action begins."""
    return Record(
        at=round(at, 6),
        target="/".join(part for part in (report.assembly, report.resource) if part) or state.name,
        decision=str(decision.choice),
        action=str(decision.action) if decision.action is not None else None,
        rung=str(decision.rung) if decision.rung is not None else None,
        failures=decision.failures,
        of=decision.of,
        within=decision.within,
        reason=report.reason,
        due=_due(report, decision, state, at),
        rule=decision.rule,
        next=decision.next,
        guards=verdicts(decision.guards),
        id=decision.id,
    )


def verdicts(guards: Iterable[GuardVerdict]) -> tuple[dict[str, Any], ...]:
    """What guards said, as it is written."""
    return tuple({"guard": str(each.guard), "passed": each.passed, "numbers": each.numbers} for each in guards)


def _due(report: Report, decision: Decision, state: DeployableState, at: float) -> float | None:
    if decision.choice is not Choice.ACT:
        return None
    recovery = recovery_of(report, state)
    if recovery is None or recovery.decision != decision.id:
        return round(at, 6)
    if recovery.phase is Phase.DELAYED and recovery.until is not None:
        return round(recovery.until, 6)
    return None if recovery.phase is Phase.APPROVAL else round(at, 6)


def recovery_of(report: Report, state: DeployableState) -> Recovery | None:
    """What is on its way for the target of a report."""
    owner = state.assemblies.get(report.assembly)
    if owner is None:
        return state.recovery
    return owner.resources[report.resource].recovery if report.resource else owner.recovery


def as_body(record: Record) -> dict[str, Any]:
    """For programs."""
    return asdict(record)


def cells(record: Record) -> tuple[str, ...]:
    """For people, under HEADER."""
    return (moment_text(record.at), record.target, record.decision, record.action or "-", counters(record), record.reason)


def moment_text(seconds: float) -> str:
    """``1h2m3.5s``, to the millisecond; a trace may have it so."""
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    before = duration_text(minutes * 60) if minutes else ""
    fraction = f"{thousandths / 1000:.3f}"[1:].rstrip("0") if thousandths else ""
    return f"{before}{second}{fraction}s" if second or fraction or not before else before


def counters(record: Record) -> str:
    """``2 of 3 in 10m``; nothing where nothing was counted."""
    if not record.failures:
        return "-"
    of = str(record.of) if record.of else "∞"
    return f"{record.failures} of {of} in {duration_text(record.within)}"
