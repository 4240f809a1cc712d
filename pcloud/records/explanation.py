"""Why something was done or not done, and what came of it (policy.md section 7)."""

from __future__ import annotations

import re

from pydantic import BaseModel, Field

from pcloud.model.actions import TAKEOVER
from pcloud.model.words import Choice
from pcloud.records.event import GRANTED, EventRecord


class Explanation(BaseModel):
    """One decision: the event that holds its record, and all later events of the same recovery, in order.

    ``next`` is the next decision about the same target, or the assembly that it is in, unless the recovery had ended well before that.
    """

    decision: EventRecord
    events: list[EventRecord] = Field(default_factory=list)
    next: EventRecord | None = None

    @property
    def ended(self) -> EventRecord | None:
        """The event that says that it is well (again), or that somebody took over, if there is one."""
        return next((event for event in self.events if closed_by(event) or event.kind == TAKEOVER or self._well(event)), None)

    @property
    def granted(self) -> EventRecord | None:
        """The event that says what the guards made of it when they let it begin, if they were asked and did."""
        return next((event for event in self.events if event.kind == GRANTED), None)

    def _well(self, event: EventRecord) -> bool:
        """Whether its target is well: of a start, or a failure that counted for nothing, no record says so, but the change."""
        return event.to == "healthy" and event.target == self.decision.target


def closed_by(event: EventRecord) -> str:
    """The decision whose recovery has ended well with this event; "" if it is no such event. Its record names that as its evidence."""
    record = event.record
    if record is None or record.choice is not Choice.RECOVERED:
        return ""
    decision = re.compile(rf"{re.escape(event.deployable)}\.[0-9]+")
    return next((each for each in record.evidence if decision.fullmatch(each)), "")
