"""Which decisions are shown, and when: those that the policy records, told as what becomes of them.

Rules:
- ``act`` means that it is done, now or after its delay. A recovery that a guard holds at the moment when it would begin is shown as held
  alone; one that was held, or waited for a yes, is shown to act when its action begins.
- What the guards made of it when they let it begin stands in the record of the act, not beside it.
- What the policy records besides is shown as it is.
"""

from __future__ import annotations

from dataclasses import replace

from pcloud.model.actions import Report
from pcloud.model.guards import GuardVerdict
from pcloud.model.state import DeployableState, Recovery
from pcloud.model.words import Choice
from pcloud.records.event import GRANTED
from pcloud.simulation.output import Record, recorded, recovery_of, verdicts

RELEASES = ("approved", "released")  # kinds of reports that say why what was held goes on


class Ledger:
    """Keeps the records of one run."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self._held: dict[str, Record] = {}  # what holds a recovery, by the decision for it
        self._released: dict[str, str] = {}  # why a recovery goes on, by the decision for it
        self._granted: dict[str, tuple[GuardVerdict, ...]] = {}  # what the guards made of a recovery that was held, likewise

    def take(self, report: Report, state: DeployableState, at: float) -> None:
        """Write down a report of the policy's, with the state after it."""
        if report.kind in RELEASES:
            self._released[report.decision] = report.reason
        if report.kind == GRANTED:
            self._grant(report)
        if report.record is None:
            return
        record = recorded(report, report.record, state, at)
        recovery = recovery_of(report, state)
        if recovery is not None and report.record.choice in (Choice.HOLD, Choice.FREEZE):
            self._hold(recovery, record)
        self.records.append(record)

    def _hold(self, recovery: Recovery, record: Record) -> None:
        """It is held: if it was just said to begin now, that is not what happens."""
        self._held[recovery.decision] = record
        self.records = [each for each in self.records if not (each.id == recovery.decision and each.due == record.at)]

    def _grant(self, report: Report) -> None:
        """The guards let it begin: their verdicts belong to the act, which is shown already unless it was held."""
        if report.decision in self._held:
            self._granted[report.decision] = report.guards
            return
        for place in reversed(range(len(self.records))):
            if self.records[place].id == report.decision:
                self.records[place] = replace(self.records[place], guards=verdicts(report.guards))
                return

    def begin(self, recovery: Recovery, at: float) -> None:
        """The action of a recovery begins."""
        held = self._held.pop(recovery.decision, None)
        if held is None:
            return
        why = self._released.pop(recovery.decision, "")
        reason = f"{why}: {recovery.reason}" if why else recovery.reason
        guards = verdicts(self._granted.pop(recovery.decision, ()))
        self.records.append(replace(held, at=round(at, 6), due=round(at, 6), decision=str(Choice.ACT), reason=reason, guards=guards))
