"""Every evaluation leaves a record, and all events of one recovery carry one id (policy.md section 7)."""

from __future__ import annotations

import pytest

from pcloud.model import actions, events
from pcloud.model.guards import GuardVerdict
from pcloud.model.words import Choice, Guard, Mode, OnExhausted, Rung
from tests.policy.plans import one, recovery, rung
from tests.policy.world import World, silent

LETS = (GuardVerdict(Guard.STORM, passed=True, numbers="1 of 8 unhealthy, at most 3"),)


def records(world: World, since: int = 0) -> list[actions.Decision]:
    return [each.record for each in world.reports(since) if each.record is not None]


def story(world: World, decision: str) -> list[str]:
    """All events of a recovery: kind, choice or words, by the id that they carry."""
    return [named(each) for each in world.reports() if each.decision == decision]


def named(report: actions.Report) -> str:
    if report.record is not None:
        return str(report.record.choice)
    return report.after if report.kind == "changed" else report.kind


def let(world: World) -> None:
    """The guards let what was asked last begin, and say so."""
    world.held = None
    asked = [each for each in world.log if isinstance(each, actions.AskPermit)]
    world.feed(events.PermitGranted(at=0, permit=asked[-1].request.permit, guards=LETS))


def test_a_restart_is_one_story_from_the_failure_to_the_end() -> None:
    world = World(one())
    world.held = Guard.STORM
    mark = world.mark()
    world.ail("db/mysqld")
    let(world)
    assert story(world, records(world, mark)[0].id) == ["act", "hold", "released", "granted", "failed", "recovering", "recovered"]


def test_the_hold_of_a_guard_has_its_own_record_with_the_counters_of_what_it_holds() -> None:
    world = World(one())
    world.held = Guard.STORM
    mark = world.mark()
    world.ail("db/mysqld")
    act, hold = records(world, mark)
    assert act.id != hold.id
    assert (hold.failures, hold.before, hold.of, hold.within) == (act.failures, act.before, act.of, act.within) == (1, 0, 3, 600.0)
    assert hold.guards[-1].guard is Guard.STORM


def test_a_yes_belongs_to_what_it_was_asked_for() -> None:
    world = World(one(recovery(mode=Mode.APPROVE)))
    mark = world.mark()
    world.ail("db/mysqld")
    world.held = Guard.STORM
    world.feed(events.ApprovalGiven(at=0, owner="ada", approved=True))
    let(world)
    hold = records(world, mark)[0]
    assert hold.choice is Choice.HOLD
    assert story(world, hold.id) == ["hold", "approved", "failed", "hold", "released", "granted", "failed", "recovering", "recovered"]


def test_a_no_and_what_becomes_of_it_are_one_story() -> None:
    world = World(one(recovery(mode=Mode.APPROVE)))
    mark = world.mark()
    world.ail("db/mysqld")
    world.feed(events.ApprovalGiven(at=0, owner="ada", approved=False))
    world.heal("db/mysqld")
    assert story(world, records(world, mark)[0].id) == ["hold", "hold", "recovered"]


def test_a_late_yes_is_said_to_what_was_denied_and_what_begins_at_once_is_an_act() -> None:
    world = World(one(recovery(mode=Mode.APPROVE)))
    mark = world.mark()
    world.ail("db/mysqld")
    world.feed(events.ApprovalGiven(at=0, owner="ada", approved=False))
    denied = records(world, mark)[0].id
    mark = world.mark()
    world.feed(events.ApprovalGiven(at=0, owner="bob", approved=True))
    assert story(world, denied) == ["hold", "hold", "approved"]
    assert [each.choice for each in records(world, mark)] == [Choice.ACT, Choice.RECOVERED]


@pytest.mark.parametrize("target", ["db", "db/mysqld"])
def test_what_is_done_by_hand_ends_with_a_record_that_names_it(target: str) -> None:
    world = World(one())
    mark = world.mark()
    world.order(Rung.RESTART if "/" in target else Rung.REBOOT, target)
    act, ended = records(world, mark)
    assert (act.choice, ended.choice, ended.evidence) == (Choice.ACT, Choice.RECOVERED, (act.id,))
    assert "recovered" in story(world, act.id)


def test_a_start_ends_with_a_change_that_carries_its_id_and_is_no_recovery() -> None:
    world = World(one())
    (start,) = records(world)
    assert start.rule == "start"
    assert [each.choice for each in records(world)] == [Choice.ACT]
    (healthy,) = [each for each in world.reports() if each.after == "healthy" and each.assembly and not each.resource]
    assert healthy.decision == start.id
    (resource,) = [each for each in world.reports() if each.after == "healthy" and each.resource]
    assert resource.decision == start.id


def test_a_silence_that_was_held_ends_with_a_record_when_it_answers() -> None:
    world = World(one())
    mark = silent(world, seconds=70)
    world.host("db").frozen = False
    world.look()
    hold, ended = records(world, mark)
    assert (hold.choice, ended.choice, ended.evidence) == (Choice.HOLD, Choice.RECOVERED, (hold.id,))
    assert story(world, hold.id) == ["hold", "contact", "recovered"]


def test_a_hold_says_what_was_seen_and_what_it_waits_for() -> None:
    world = World(one())
    mark = silent(world, seconds=70)
    (hold,) = records(world, mark)
    assert hold.evidence == ("silent for 1m (no answer)", "the cloud says ACTIVE", "no peer can testify")
    assert hold.next == "a peer, the cloud, or after 3m of silence an anchor must agree that it is dead"


def test_where_all_machines_are_silent_and_the_cloud_calls_them_active_the_hold_says_so() -> None:
    world = World()
    names = list(world.state.assemblies)
    mark = world.mark()
    for name in names:
        world.host(name).frozen = True
    world.look()
    world.advance(70)
    holds = [each for each in records(world, mark) if each.choice is Choice.HOLD]
    assert holds
    assert f"all {len(names)} machines of {world.state.name} are silent while the cloud calls them ACTIVE" in holds[0].evidence


def test_a_failure_in_a_pause_is_recorded_once_for_each_target_and_pause() -> None:
    world = World(one())
    mark = world.mark()
    for _ in range(2):
        world.feed(events.PauseAsked(at=0, owner="ada", reason="upgrade", seconds=600.0))
        for _ in range(2):
            world.ail("db/mysqld")
            world.advance(30)
            world.heal("db/mysqld")
        world.feed(events.ResumeAsked(at=0))
        world.advance(100)
    made = records(world, mark)
    assert [(each.choice, each.rule, each.evidence) for each in made] == [(Choice.SUPPRESS, "section 5", ("not running",))] * 2
    assert "app/db/mysqld  healthy → failed: not running; paused by ada: counts for nothing" in world.lines(mark)
    assert story(world, made[0].id) == ["suppress", "healthy"]


def test_a_machine_that_is_silent_in_a_pause_is_recorded_too() -> None:
    world = World(one())
    world.feed(events.PauseAsked(at=0, owner="ada", seconds=600.0))
    mark = silent(world, seconds=300)
    assert [(each.choice, each.evidence) for each in records(world, mark)] == [(Choice.SUPPRESS, ("silent for 1m (no answer)",))]


def test_what_is_decided_and_then_not_done_because_the_machine_is_silent_is_said() -> None:
    world = World(one())
    world.held = Guard.STORM
    mark = world.mark()
    world.ail("db/mysqld")
    world.freeze("db")
    assert "withdrawn" in story(world, records(world, mark)[0].id)


def test_each_restart_of_what_is_exhausted_is_recorded_when_it_begins() -> None:
    world = World(one(recovery(allow=Rung.RESTART, restart=rung(1, 600.0))))
    mark = world.mark()
    world.ail("db/mysqld", cure=None)
    world.advance(299)
    assert [each.choice for each in records(world, mark)] == [Choice.EXHAUSTED]
    world.advance(2)
    world.advance(360)
    acts = [each for each in records(world, mark) if each.choice is Choice.ACT]
    assert len(acts) == world.did(mark).count("RestartResource db") == 2
    assert {each.rule for each in acts} == {"section 3.7"}
    given_up = records(world, mark)[0].id
    assert story(world, given_up)[0] == "exhausted"
    assert story(world, acts[0].id)[0] == "act"


def test_what_was_given_up_and_is_well_again_ends_that_decision() -> None:
    world = World(one(recovery(allow=Rung.RESTART, restart=rung(1, 600.0), on_exhausted=OnExhausted.STOP)))
    mark = world.mark()
    world.ail("db/mysqld", cure=None)
    world.heal("db/mysqld")
    given_up, ended = records(world, mark)
    assert (given_up.choice, ended.choice, ended.evidence) == (Choice.EXHAUSTED, Choice.RECOVERED, (given_up.id,))


def test_a_blocked_service_that_passes_ends_that_decision() -> None:
    world = World(one())
    mark = world.mark()
    world.ail("db/mysqld", "not installed", evidence=events.ProbeBroken)
    world.heal("db/mysqld")
    blocked, ended = records(world, mark)
    assert (blocked.choice, ended.choice, ended.evidence) == (Choice.BLOCK, Choice.RECOVERED, (blocked.id,))
    assert blocked.next == "nothing until it passes, or somebody says retry"


def test_a_machine_that_was_rebooted_in_good_order_is_seen_to_under_a_record() -> None:
    world = World(one())
    mark = world.mark()
    generation = world.host("db").instance.generation
    world.feed(events.GuestStopping(at=0, assembly="db", generation=generation))
    world.host("db").reboot()
    world.look()
    act, ended = records(world, mark)
    assert (act.choice, act.failures, ended.choice, ended.evidence) == (Choice.ACT, 0, Choice.RECOVERED, (act.id,))
    assert "it was rebooted in good order; no failure: starting what runs on it" in "\n".join(world.lines(mark))
