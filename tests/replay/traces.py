"""What the journal would hold of a world: the facts that the shell would have stored, and the events with their decisions."""

from __future__ import annotations

from dataclasses import dataclass

from dpe.policy.step import step
from pcloud.model.actions import Order, Report
from pcloud.model.events import ControllerResumed, SettingsChanged
from pcloud.model.facts import JournalFact, StateLoaded, StateMade, Taken
from pcloud.model.state import DeployableState
from pcloud.records.event import EventRecord, event_record
from pcloud.records.fact import FactRecord, dump_fields, dump_ordered, fact_record
from pcloud.records.serialising import dump_state, load_state
from pcloud.replay.again import Again
from pcloud.replay.comparing import replayed
from pcloud.replay.report import Comparison
from tests.policy.world import World

BEGAN = 1_700_000_000.0  # POSIX seconds of a world's beginning


@dataclass
class Journal:
    """One deployable's part of it, in order."""

    name: str
    facts: list[FactRecord]
    events: list[EventRecord]


def journal_of(world: World) -> Journal:
    """The world's whole life, taken from its trace: a controller that resumes is one that has loaded the state."""
    state = DeployableState(world.state.name, seed=world.state.seed, jitter=world.state.jitter)
    journal = Journal(state.name, [], [])
    keep(journal, StateMade(0.0, 0.0, state.seed, state.jitter), 0.0)
    orders: list[Order] = []
    for event, following in zip(world.trace, [*world.trace[1:], None], strict=True):
        if isinstance(event, SettingsChanged) and isinstance(following, ControllerResumed):
            state = load_state(dump_state(state), state.version)
            keep(journal, StateLoaded(event.at, event.wall), event.at)
        before = state
        state, ordered, _ = step(state, event)
        if state is not before or ordered:
            keep(journal, Taken(event, ordered), event.at)
        orders.extend(ordered)
    assert orders == world.log
    assert state == world.state
    return journal


def keep(journal: Journal, fact: JournalFact, at: float) -> None:
    """What the store does with a fact and its reports."""
    wall = BEGAN + at
    journal.facts.append(fact_record(len(journal.facts) + 1, wall, journal.name, *dump_fields(fact), dump_ordered(fact)))
    reports = [order for order in fact.ordered if isinstance(order, Report)] if isinstance(fact, Taken) else []
    for report in reports:
        journal.events.append(event_record(len(journal.events) + 1, wall, journal.name, report))


def check_replay(world: World) -> None:
    """A journal replayed within one policy version gives identical decisions (policy.md section 9), and they are shown side by side."""
    check_again(journal := journal_of(world), world)
    report = replayed(journal.name, journal.facts, journal.events)
    assert {row.comparison for row in report.decisions} <= {Comparison.SAME}
    decided = sum(event.record is not None for event in journal.events)
    assert sum(row.now is not None for row in report.decisions) == decided
    assert (report.departures, report.before) == ([], 0)


def check_again(journal: Journal, world: World) -> None:
    """The policy run again over a journal orders the same, and comes to the very same state."""
    again = Again(journal.name)
    moments = [moment for fact in journal.facts for moment in again.moments(fact)]
    assert again.exact
    assert again.state == world.state
    assert [order for moment in moments for order in moment.now] == world.log
