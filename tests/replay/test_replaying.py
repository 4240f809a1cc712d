"""Decisions are made again from facts: the same under what decided then, and under anything else compared as far as that goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pcloud.model import actions, events
from pcloud.model.actions import POLICY_VERSION
from pcloud.model.facts import StateLoaded
from pcloud.model.plan import DeployablePlan, RecoverySettings
from pcloud.model.words import Rung
from pcloud.records.fact import FactRecord, order_records
from pcloud.records.serialising import dump_state, load_state
from pcloud.replay.again import Again
from pcloud.replay.comparing import replayed
from pcloud.replay.report import Compared, Comparison, ReplayReport
from tests.invariants.test_properties import Fate
from tests.policy.plans import assembly, deployable, recovery, resource, rung
from tests.policy.world import World, silent
from tests.replay.traces import BEGAN, Journal, check_replay, journal_of, keep

SAME, DIFFERENT, NOT_COMPARABLE = Comparison

THRICE = recovery(restart=rung(3, 600.0), reboot=rung(2, 3600.0))


def shop(settings: RecoverySettings = THRICE) -> DeployablePlan:
    """A database, the web before it, and a mail server that has nothing to do with either."""
    return deployable(
        assembly("db", resource("mysqld", recovery=settings), volumes=True, recovery=settings),
        assembly("web", resource("apache", recovery=settings), after=("db",), recovery=settings),
        assembly("mail", resource("postfix", recovery=settings), recovery=settings),
        name="shop",
    )


def incurable(name: str) -> World:
    """A service dies, and only a reboot helps; then another does, on a machine of its own, and then one after the first."""
    world = World(shop())
    world.advance(60)
    world.ail(name, cure=Rung.REBOOT)
    world.advance(600)
    world.ail("mail/postfix")
    world.advance(120)
    world.ail("web/apache")
    world.advance(120)
    return world


def under(journal: Journal, settings: RecoverySettings) -> ReplayReport:
    """The replay as if these had been the settings."""
    return replayed(journal.name, journal.facts, journal.events, lambda _plan: shop(settings))


def rows(report: ReplayReport, target: str) -> list[Compared]:
    return [row for row in report.decisions if row.target == target]


def restarted(world: World, times: int, cut: Callable[[], None]) -> None:
    for _ in range(times):
        cut()
        world.resume(away=7.0)
        world.advance(20)


def test_a_recovery_across_several_restarts_of_the_controller_is_decided_alike() -> None:
    world = World(shop(), jitter=0.25, seed=3)
    world.advance(30)
    restarted(world, 3, lambda: world.ail("db/mysqld", cure=Rung.REBOOT))
    silent(world, "web", 90)
    restarted(world, 2, lambda: None)
    world.vanish("mail")
    world.advance(900)
    world.stop()
    world.advance(60)
    check_replay(world)
    assert [each.kind for each in journal_of(world).facts].count("StateLoaded") == 5


class Replayed(Fate):
    """Whatever may be done to a world, and its journal replayed."""

    def teardown(self) -> None:
        if hasattr(self, "world"):
            check_replay(self.world)


TestReplayed = Replayed.TestCase
TestReplayed.settings = Fate.TestCase.settings


def test_more_failures_before_a_reboot_differ_where_the_reboot_was() -> None:
    report = under(journal_of(incurable("db/mysqld")), replace(THRICE, restart=rung(5, 600.0)))
    assert [row.comparison for row in rows(report, "db/mysqld")] == [SAME, SAME, DIFFERENT]
    assert [row.comparison for row in rows(report, "db")] == [SAME, DIFFERENT, NOT_COMPARABLE, NOT_COMPARABLE]
    assert [departure.target for departure in report.departures] == ["db", "shop", "web"]
    assert [departure.reason for departure in report.departures][1:] == ["db is part of it", "it comes after db"]
    assert report.departures[0].reason.endswith(" was ordered then and not now")


def test_after_a_difference_what_depends_on_it_is_not_compared_and_what_does_not_is() -> None:
    report = under(journal_of(incurable("db/mysqld")), replace(THRICE, restart=rung(5, 600.0)))
    assert rows(report, "mail/postfix")
    assert {row.comparison for row in rows(report, "mail/postfix")} == {SAME}
    assert rows(report, "web/apache")
    assert {row.comparison for row in rows(report, "web/apache")} == {NOT_COMPARABLE}


def test_other_counters_alone_are_no_difference_under_another_spec() -> None:
    world = World(shop())
    world.advance(60)
    world.ail("db/mysqld")
    world.advance(60)
    report = under(journal_of(world), replace(THRICE, restart=rung(5, 600.0)))
    (act, *_) = rows(report, "db/mysqld")
    assert act.then is not None
    assert act.now is not None
    assert (act.comparison, act.then.of, act.now.of) == (SAME, 3, 5)
    assert report.departures == []


def test_an_answer_to_what_is_not_ordered_now_is_not_taken_for_another() -> None:
    """Then the reboot had an id that now another action has, which is not done yet."""
    world = incurable("db/mysqld")
    journal = journal_of(world)
    done = next(fact for fact in journal.facts if any(order.kind == "RebootAssembly" for order in fact.ordered))
    (reboot,) = [order.id for order in done.ordered if order.kind == "RebootAssembly"]
    again = Again("shop", lambda _plan: shop(replace(THRICE, restart=rung(5, 600.0))))
    moments = [(fact, moment) for fact in journal.facts for moment in again.moments(fact)]
    assert reboot in {order.id for _, moment in moments for order in order_records(moment.now)}
    assert reboot in {fact.fields.get("action") for fact, moment in moments if moment.ignored}


def test_a_delay_that_only_now_is_waited_for_departs_when_its_action_was_ordered() -> None:
    world = World(shop())
    world.advance(60)
    world.ail("db/mysqld", cure=Rung.REBOOT)
    world.advance(300)
    late = replace(THRICE, restart=rung(3, 600.0, delay=40.0))
    report = under(journal_of(world), late)
    departure = report.departures[0]
    assert departure.target == "db"
    assert departure.reason.endswith(" was ordered at db/mysqld then and not now")
    assert {row.comparison for row in rows(report, "db") if row.at > departure.at} == {NOT_COMPARABLE}


def test_a_policy_that_is_woken_at_other_times_now_is_told_the_time() -> None:
    """A silence that was waited for longer than now: the policy of now acts before any fact tells the time."""
    world = World(shop())
    world.advance(60)
    silent(world, "mail", 400)
    plan = shop()
    hasty = replace(plan, assemblies=tuple(replace(each, monitor=replace(each.monitor, silence=20.0)) for each in plan.assemblies))
    journal = journal_of(world)
    report = replayed(journal.name, journal.facts, journal.events, lambda _plan: hasty)
    (now, then) = [row for row in rows(report, "mail") if Rung.REBOOT in {made.action for made in (row.then, row.now) if made}]
    assert (now.at.timestamp(), now.then, now.comparison) == (BEGAN + 80.0, None, DIFFERENT)
    assert (then.at.timestamp(), then.now, then.comparison) == (BEGAN + 120.0, None, NOT_COMPARABLE)


def test_a_spec_that_only_says_the_same_otherwise_changes_nothing() -> None:
    report = under(journal_of(incurable("db/mysqld")), THRICE)
    assert {row.comparison for row in report.decisions} == {SAME}


def test_what_was_before_facts_is_counted_and_replayed_from_where_they_begin() -> None:
    world = World(shop())
    world.advance(60)
    world.ail("web/apache")
    world.advance(60)
    known, state = len(journal_of(world).facts), world.state
    world.resume()
    world.ail("db/mysqld", cure=Rung.REBOOT)
    world.advance(600)
    journal = journal_of(world)
    migrated = Journal("shop", [], [])
    keep(migrated, StateLoaded(120.0, 120.0, state=dump_state(state)), 120.0)
    report = replayed("shop", [*migrated.facts, *journal.facts[known:]], journal.events)
    assert report.begins is not None
    assert report.begins.timestamp() == BEGAN + 120.0
    assert {row.comparison for row in report.decisions} == {SAME}
    assert report.before == sum(event.record is not None and event.at < report.begins for event in journal.events) > 0
    assert report.before + len(report.decisions) == sum(event.record is not None for event in journal.events)


def of_policy(version: int, journal: Journal) -> Journal:
    """The journal as a daemon of that version would have written it."""

    def old(fact: FactRecord) -> FactRecord:
        return fact.model_copy(update={"fields": {**fact.fields, "policy": version}}) if "policy" in fact.fields else fact

    return replace(journal, facts=[old(fact) for fact in journal.facts])


def test_what_an_older_policy_decided_is_compared_and_never_claimed_to_be_exact() -> None:
    world = incurable("db/mysqld")
    world.resume()
    world.advance(60)
    journal = journal_of(world)
    known = next(number for number, fact in enumerate(journal.facts) if fact.kind == "StateLoaded")
    upgraded = replace(journal, facts=[*of_policy(1, journal).facts[:known], *journal.facts[known:]])
    again = Again(journal.name)
    assert [moment for fact in upgraded.facts for moment in again.moments(fact)]
    assert not again.exact
    report = replayed(upgraded.name, upgraded.facts, upgraded.events)
    assert (report.policy_then, report.policy_now) == ([1, POLICY_VERSION], POLICY_VERSION)
    assert {row.comparison for row in report.decisions} == {SAME}


def test_the_state_of_an_older_policy_that_facts_begin_with_is_migrated() -> None:
    text = (Path(__file__).parent.parent / "store" / "data" / "state-1-last.json").read_text()
    begun = Journal("shop", [], [])
    keep(begun, StateLoaded(174.0, 174.0, policy=1, state=text), 174.0)
    again = Again("shop")
    assert [moment for fact in begun.facts for moment in again.moments(fact)] == []
    assert again.state == load_state(text, 1)
    assert not again.exact


def test_nothing_recorded_is_nothing_to_replay() -> None:
    report = replayed("shop", [], [])
    assert (report.begins, report.decisions, report.facts) == (None, [], 0)


@pytest.mark.parametrize("kind", [actions.RestartResource, actions.RebootAssembly])
def test_actions_that_fail_are_replayed_as_they_failed(kind: type[actions.Action]) -> None:
    world = World(shop())
    world.advance(60)
    world.outcomes[kind] = lambda action: events.ActionFailed(at=0, action=action.id, reason="it failed")
    world.ail("web/apache", cure=None)
    world.advance(3600)
    check_replay(world)
