"""The policy run again over the journal's facts.

Rules:
- The state begins, and is taken up by a new controller, as the daemon's own does: made anew, or without its plan.
- Under the policy and the plans of then nothing but the facts is told: that is exact. Under others the policy may want to be woken when it
  was not, and is told the time: at the moment that it asks for, if that passes before the next fact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dpe.policy.step import step
from pcloud.model.actions import POLICY_VERSION, Order
from pcloud.model.events import Event, SettingsChanged, Ticked
from pcloud.model.facts import StateKept, StateLoaded, StateMade
from pcloud.model.plan import DeployablePlan
from pcloud.model.state import DeployableState
from pcloud.records.fact import FactRecord, OrderRecord, fact_of, order_records
from pcloud.records.serialising import load_state
from pcloud.replay.answers import Answers

LATE = 1.0
"""Seconds by which a busy daemon may look later than it was asked to: a tick of then that came within them is taken for that of now."""

MOST_TICKS = 100_000
"""Between two facts: a week of one a minute has a tenth of it. A policy that asks for more has a bug, and must not hang the command."""

Replan = Callable[[DeployablePlan], DeployablePlan]


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of now: upon a fact (``then`` is what it led to then), or upon a tick that only now is asked for."""

    at: datetime
    then: tuple[OrderRecord, ...]
    now: tuple[Order, ...]
    ignored: bool = False  # an answer to what is not ordered now


class Again:
    """One replay. ``replan`` gives the plan of now for a plan of then."""

    def __init__(self, name: str, replan: Replan = lambda plan: plan) -> None:
        self.name = name
        self.state: DeployableState | None = None
        self.plan_then: DeployablePlan | None = None
        self.policies: list[int] = []  # that decided then
        self.begins: datetime | None = None  # what can be made again
        self.exact = True
        self._replan = replan
        self._answers = Answers()
        self._last: FactRecord | None = None

    def moments(self, record: FactRecord) -> Iterator[Moment]:
        """What follows from one fact, now."""
        told = fact_of(record)
        if isinstance(told, StateKept):
            if self.state is None:
                self._begin_at(told, record)
        elif isinstance(told, StateMade | StateLoaded):
            self._begin(told, record)
        elif self.state is not None:
            if not self.exact:
                yield from self._ticks(told.at)
            yield self._take(self.state, told, record)
        self._last = record

    def _begin_at(self, told: StateKept, record: FactRecord) -> None:
        """Have the state of then: what was before is not kept."""
        self.plan_then = told.target or told.plan
        plan, target = (self._replan(each) if each is not None else None for each in (told.plan, self.plan_then))
        plan = target if plan == target else plan  # the same one, unless something of it is still to be taken up
        self.state, self.begins = replace(load_state(told.state, told.policy), plan=plan, target=target), record.at
        self.policies.append(told.policy)
        self.exact = told.policy == POLICY_VERSION and plan == told.plan and target == self.plan_then

    def _begin(self, told: StateMade | StateLoaded, record: FactRecord) -> None:
        """Have the state that an engine of now would begin with."""
        if isinstance(told, StateMade):
            self.state, self.begins = DeployableState(self.name, seed=told.seed, jitter=told.jitter), record.at
        elif told.state and self.state is None:
            self.state, self.begins = load_state(told.state, told.policy), record.at
        elif self.state is not None:
            self.state = replace(self.state, plan=None, target=None)
        if told.policy not in self.policies:
            self.policies.append(told.policy)
        self.exact = self.exact and told.policy == POLICY_VERSION

    def _take(self, state: DeployableState, told: Event, record: FactRecord) -> Moment:
        then = tuple(record.ordered)
        event = self._answers.translated(told)
        if event is None:
            self._answers.pair(then, ())
            return Moment(record.at, then, (), ignored=True)
        if isinstance(event, SettingsChanged):
            self.plan_then = event.plan
            event = replace(event, plan=self._replan(event.plan))
            self.exact = self.exact and event.plan == self.plan_then
        orders = self._step(state, event)
        self._answers.pair(then, list(order_records(orders)))
        return Moment(record.at, then, orders)

    def _step(self, state: DeployableState, event: Event) -> tuple[Order, ...]:
        self.state, orders, _ = step(state, event)
        return orders

    def _ticks(self, until: float) -> Iterator[Moment]:
        """Wake the policy when it asks to be, up to a fact. Nobody did so while there was no controller, and so no plan."""
        for _ in range(MOST_TICKS):
            state = self.state
            if state is None or self._last is None or state.plan is None or state.wake_at is None or state.wake_at + LATE >= until:
                return
            passed = max(0.0, state.wake_at - self._last.clock)
            wall = float(self._last.fields["wall"]) + passed
            orders = self._step(state, Ticked(at=max(state.wake_at, self._last.clock), wall=wall))
            if self.state is state:
                return
            yield Moment(self._last.at + timedelta(seconds=passed), (), orders)
