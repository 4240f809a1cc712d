"""Decisions of then and now side by side, and from where on they cannot be compared.

Rules:
- Compared is what was decided at one target upon one fact. Under the policy and the spec of then everything must be the same, words and
  counters too; under others a decision is the same when it chose the same and did the same.
- With a target's first difference, or the first action that was ordered only then or only now, its assembly departs: what happened to it
  afterwards would not have happened. With it depart the assemblies that come after it, and the deployable as a whole; with the deployable
  all of them.
- Once anything has departed, a difference above a restart is not comparable anywhere: such recoveries wait for each other (section 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest

from pcloud.model.actions import POLICY_VERSION, Decision, Report
from pcloud.model.plan import DeployablePlan
from pcloud.model.words import Rung
from pcloud.records.event import EventRecord
from pcloud.records.fact import DECISION, FactRecord, order_records
from pcloud.replay.again import Again, Moment, Replan
from pcloud.replay.answers import other_actions
from pcloud.replay.report import Compared, Comparison, Departure, ReplayReport, decided

Target = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """A decision with its words."""

    target: Target
    record: Decision
    reason: str


def replayed(name: str, facts: Iterable[FactRecord], recorded: Iterable[EventRecord], replan: Replan = lambda plan: plan) -> ReplayReport:
    """Make every decision again. ``recorded`` are the events of then, of which those with a decision count. StoreError."""
    again, sides = Again(name, replan), Sides(name, recorded)
    count = 0
    for fact in facts:
        count += 1
        for moment in again.moments(fact):
            plans = [plan for plan in (again.plan_then, again.state.plan if again.state else None) if plan is not None]
            sides.compare(moment, plans, exact=again.exact)
    return ReplayReport(
        deployable=name,
        begins=again.begins,
        before=sides.before(again.begins),
        facts=count,
        policy_then=again.policies,
        policy_now=POLICY_VERSION,
        decisions=sides.rows,
        departures=list(sides.departed.values()),
    )


class Sides:
    """Then and now, moment by moment."""

    def __init__(self, name: str, recorded: Iterable[EventRecord]) -> None:
        self._name = name
        self._recorded: Mapping[str, EventRecord] = {event.record.id: event for event in recorded if event.record is not None}
        self.rows: list[Compared] = []
        self.departed: dict[str, Departure] = {}  # by assembly; "" is the deployable as a whole

    def before(self, begins: datetime | None) -> int:
        """How many decisions were recorded before facts were."""
        return sum(begins is None or event.at < begins for event in self._recorded.values())

    def compare(self, moment: Moment, plans: list[DeployablePlan], *, exact: bool) -> None:
        """Take in one moment; ``exact``: nothing may be different in the least."""
        departing = other_actions(moment.then, order_records(moment.now))
        then = by_target(self._then(moment))
        now = by_target(now_made(moment))
        for target in dict.fromkeys([*then, *now]):
            for one, other in zip_longest(then.get(target, []), now.get(target, [])):
                comparison = self._comparison(target[0], one, other, exact=exact)
                self.rows.append(
                    Compared(
                        at=moment.at,
                        target="/".join(part for part in target if part) or self._name,
                        then=decided(one.record, one.reason) if one else None,
                        now=decided(other.record, other.reason) if other else None,
                        comparison=comparison,
                    )
                )
                if comparison is Comparison.DIFFERENT:
                    departing.setdefault(target[0], "it was decided differently")
        for assembly, reason in departing.items():
            self._depart(assembly, moment.at, reason, plans)

    def _then(self, moment: Moment) -> Iterator[Made]:
        """The recorded decisions of a moment; those whose event is not there any more have no words."""
        for order in moment.then:
            event = self._recorded.get(order.id) if order.kind == DECISION else None
            if event is not None and event.record is not None:
                yield Made((order.assembly, order.resource), event.record, event.reason)

    def _comparison(self, assembly: str, then: Made | None, now: Made | None, *, exact: bool) -> Comparison:
        if assembly in self.departed:
            return Comparison.NOT_COMPARABLE
        if then is not None and now is not None and same(then, now, exact=exact):
            return Comparison.SAME
        high = any(made is not None and (made.record.rung or made.record.action) not in (None, Rung.RESTART) for made in (then, now))
        return Comparison.NOT_COMPARABLE if self.departed and high else Comparison.DIFFERENT

    def _depart(self, assembly: str, at: datetime, reason: str, plans: list[DeployablePlan]) -> None:
        """Mark an assembly, and what depends on it. The first reason stands."""
        if assembly in self.departed:
            return
        self.departed[assembly] = Departure(at=at, target=assembly or self._name, reason=reason)
        above = assembly or self._name
        if "" not in self.departed:  # it cannot be compared any more, but does not take all others with it
            self.departed[""] = Departure(at=at, target=self._name, reason=f"{above} is part of it")
        for name in sorted({name for plan in plans for name in below(plan, assembly)}):
            self._depart(name, at, f"it comes after {above}" if assembly else f"it is part of {above}", plans)


def below(plan: DeployablePlan, assembly: str) -> tuple[str, ...]:
    """What goes with an assembly; with "", the deployable as a whole, all of them."""
    return plan.dependents(assembly) if assembly else tuple(each.name for each in plan.assemblies)


def now_made(moment: Moment) -> Iterator[Made]:
    """The decisions that a moment leads to now."""
    for order in moment.now:
        if isinstance(order, Report) and order.record is not None:
            yield Made((order.assembly, order.resource), order.record, order.reason)


def same(then: Made, now: Made, *, exact: bool) -> bool:
    """Whether two decisions are the same, but for their ids and the policy's version."""
    if not exact:
        return (then.record.choice, then.record.action) == (now.record.choice, now.record.action)
    return then.reason == now.reason and replace(then.record, id="", policy=0) == replace(now.record, id="", policy=0)


def by_target(made: Iterable[Made]) -> dict[Target, list[Made]]:
    """Decisions in their order, for each target."""
    found: dict[Target, list[Made]] = {}
    for each in made:
        found.setdefault(each.target, []).append(each)
    return found
