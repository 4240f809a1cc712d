"""A journal of which the beginning was dropped is replayed from a state that was kept, exactly as it was decided."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcloud.model.facts import StateKept
from pcloud.model.words import Rung
from pcloud.records.fact import dump_fields, fact_record
from pcloud.records.serialising import dump_state
from pcloud.replay.again import Again
from pcloud.replay.comparing import replayed
from pcloud.replay.report import Comparison
from pcloud.replay.specs import last_plan
from tests.policy.world import World
from tests.replay.test_replaying import THRICE, restarted, rung, shop, silent, under
from tests.replay.traces import Journal, journal_of


@pytest.fixture(scope="module")
def world() -> World:
    made = World(shop(), jitter=0.25, seed=3)
    made.advance(30)
    restarted(made, 2, lambda: made.ail("db/mysqld", cure=Rung.REBOOT))
    silent(made, "web", 90)
    made.advance(900)
    return made


def cut(journal: Journal, number: int) -> Journal:
    """The same without the first facts: before what is left there is the state that they have led to."""
    again = Again(journal.name)
    for fact in journal.facts[:number]:
        list(again.moments(fact))
    state, last = again.state, journal.facts[number - 1]
    assert state is not None
    target = None if state.target is state.plan else state.target
    kept = StateKept(last.clock, float(last.fields["wall"]), dump_state(state), state.plan, target)
    beginning = fact_record(last.seq, last.at.timestamp(), journal.name, *dump_fields(kept), "")
    return replace(journal, facts=[beginning, *journal.facts[number:]])


def test_wherever_it_is_cut_what_is_left_is_decided_alike(world: World) -> None:
    journal = journal_of(world)
    whole = replayed(journal.name, journal.facts, journal.events).decisions
    for number in range(1, len(journal.facts), 7):
        left = cut(journal, number)
        again = Again(left.name)
        for fact in left.facts:
            list(again.moments(fact))
        assert again.exact
        assert again.state == world.state
        report = replayed(left.name, left.facts, left.events)
        assert {row.comparison for row in report.decisions} <= {Comparison.SAME}
        assert report.decisions == whole[len(whole) - len(report.decisions) :]
        assert report.begins == left.facts[0].at


def test_a_state_that_is_kept_in_the_midst_of_facts_changes_nothing(world: World) -> None:
    journal = journal_of(world)
    number = len(journal.facts) // 2
    both = replace(journal, facts=[*journal.facts[:number], cut(journal, number).facts[0], *journal.facts[number:]])
    assert replayed(both.name, both.facts, both.events).decisions == replayed(journal.name, journal.facts, journal.events).decisions


def test_another_setting_is_taken_from_the_cut_on(world: World) -> None:
    journal = journal_of(world)
    up = next(number for number, fact in enumerate(journal.facts) if fact.at.timestamp() - journal.facts[0].at.timestamp() > 29.0)
    left = cut(journal, up)
    assert last_plan(left.facts) is not None
    rows = under(left, replace(THRICE, restart=rung(5, 600.0))).decisions
    assert Comparison.DIFFERENT in {row.comparison for row in rows}
