"""What a replay has found, as programs read it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from pcloud.model.actions import Decision
from pcloud.model.words import Choice, Rung


class Comparison(StrEnum):
    """How a decision of now stands to that of then."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_COMPARABLE = "not comparable"


class Decided(BaseModel):
    """One decision. ``within`` in seconds."""

    choice: Choice
    action: Rung | None
    rung: Rung | None
    failures: int
    of: int
    within: float
    reason: str


class Compared(BaseModel):
    """Decisions at one target upon one fact. ``target`` is ASSEMBLY[/RESOURCE], or the deployable's name."""

    at: datetime
    target: str
    then: Decided | None
    now: Decided | None
    comparison: Comparison


class Departure(BaseModel):
    """From ``at`` on nothing about an assembly is comparable: what happened to it then would not have happened now."""

    at: datetime
    target: str
    reason: str


class ReplayReport(BaseModel):
    """All decisions since ``begins``, the moment from which they can be made again (None: nothing is recorded yet).

    ``policy_then`` are the versions of the policy that decided then; ``before`` counts the recorded decisions of before ``begins``.
    """

    deployable: str
    begins: datetime | None
    before: int
    facts: int
    policy_then: list[int]
    policy_now: int
    decisions: list[Compared]
    departures: list[Departure]


def decided(record: Decision, reason: str) -> Decided:
    """A decision and why, as it is shown."""
    return Decided(
        choice=record.choice,
        action=record.action,
        rung=record.rung,
        failures=record.failures,
        of=record.of,
        within=record.within,
        reason=reason,
    )
