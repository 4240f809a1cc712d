"""One line of the journal, as it is stored, sent and shown."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

from pcloud.model.actions import Decision, Report
from pcloud.model.evidence import Evidence
from pcloud.model.guards import GuardVerdict

ALERT = "alert"
"""The kind of the events that call for somebody."""

GRANTED = "granted"
"""The kind of the events that say which guards have let a recovery begin. People read that in its explanation: there is one to each."""


class EventRecord(BaseModel):
    """An event has at least these (interface.md). ``seq`` counts up over the whole store and never repeats; ``id`` is its text form.

    ``alert``: an event of the kind ``alert`` follows at once, or this is it. ``guards``: who has let it pass (kind ``granted``).
    ``evidence``: what is kept of an instance that is replaced (kind ``evidence``).
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    id: str
    seq: int
    at: datetime
    deployable: str
    assembly: str | None = None
    resource: str | None = None
    kind: str
    from_: str | None = Field(default=None, alias="from")
    to: str | None = None
    reason: str = ""
    decision: str | None = None
    alert: bool = False
    record: Decision | None = None
    guards: tuple[GuardVerdict, ...] = ()
    evidence: Evidence | None = None

    @property
    def target(self) -> str:
        """DEPLOYABLE[/ASSEMBLY[/RESOURCE]]."""
        return "/".join(part for part in (self.deployable, self.assembly, self.resource) if part)


def alert_of(report: Report) -> Report | None:
    """The alert that goes into the journal beside this report, if it raises one."""
    if not report.alert or report.kind == ALERT:
        return None
    reason = report.reason or report.after or report.kind
    return Report(ALERT, report.assembly, report.resource, reason=reason, decision=report.decision, alert=True)


def event_record(seq: int, wall: float, deployable: str, report: Report) -> EventRecord:
    """The record of a report that the policy made at ``wall`` (POSIX seconds)."""
    return EventRecord(
        id=str(seq),
        seq=seq,
        at=datetime.fromtimestamp(wall, UTC),
        deployable=deployable,
        assembly=report.assembly or None,
        resource=report.resource or None,
        kind=report.kind,
        from_=report.before or None,
        to=report.after or None,
        reason=report.reason,
        decision=report.decision or None,
        alert=report.alert,
        record=report.record,
        guards=report.guards,
        evidence=report.evidence,
    )
