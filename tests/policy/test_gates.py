"""What stands before a recovery: the guards' permit, the mode, somebody's yes (policy.md section 5)."""

from __future__ import annotations

import pytest

from dpe.policy.standing import standing
from pcloud.model import actions, events
from pcloud.model.guards import GuardVerdict
from pcloud.model.words import Choice, Guard, Mode, Rung
from tests.policy.plans import WORDPRESS, one, recovery
from tests.policy.world import World, silent


def held_world(guard: Guard = Guard.STORM) -> World:
    """A world whose database has died while a guard holds everything."""
    world = World(one())
    world.held = guard
    world.ail("db/mysqld")
    return world


def requests(world: World, since: int = 0) -> list[actions.AskPermit]:
    return [each for each in world.log[since:] if isinstance(each, actions.AskPermit)]


def returned(world: World, since: int = 0) -> list[str]:
    return [each.permit for each in world.log[since:] if isinstance(each, actions.ReturnPermit)]


def grant(world: World) -> None:
    """The guards change their mind about what was asked last."""
    world.held = None
    world.feed(events.PermitGranted(at=0, permit=requests(world)[-1].request.permit))


def choices(world: World, since: int = 0) -> list[tuple[Choice, Rung | None]]:
    return [(each.record.choice, each.record.action) for each in world.reports(since) if each.record is not None]


# permits


def test_nothing_is_done_before_the_guards_have_let_it() -> None:
    world = held_world()
    mark = world.mark()
    world.advance(600)
    assert world.did(mark) == []
    assert world.word() == "held"
    grant(world)
    assert world.did(mark) == ["RestartResource db"]
    assert world.word() == "healthy"


def test_a_guard_that_holds_is_said_once_with_its_name_and_numbers_and_alerted_after_five_minutes() -> None:
    world = held_world()
    permit = requests(world)[-1].request.permit
    for _ in range(3):
        world.feed(events.PermitHeld(at=0, permit=permit, guards=(GuardVerdict(Guard.STORM, passed=False, numbers="4 of 5"),)))
    said = [each for each in world.lines() if "held by" in each]
    assert said == ["app/db/mysqld  failed → held: held by storm: 3 of 5"]
    world.advance(299)
    assert world.alerts() == []
    world.advance(2)
    assert world.alerts() == ["held for 5m by storm: 4 of 5"]
    world.advance(3600)
    assert len(world.alerts()) == 1


def test_another_guard_that_holds_it_now_is_said_too() -> None:
    world = held_world()
    permit = requests(world)[-1].request.permit
    world.feed(events.PermitHeld(at=0, permit=permit, guards=(GuardVerdict(Guard.RESTART_CAP, passed=False, numbers="50 of 50"),)))
    assert any("held by restart_cap: 50 of 50" in each for each in world.lines())


def test_a_freeze_is_a_freeze_and_an_alert_at_once() -> None:
    world = held_world(Guard.ALL_SILENT)
    assert choices(world)[-1] == (Choice.FREEZE, Rung.RESTART)
    assert world.alerts() == ["held by all_silent: 3 of 5"]


def test_a_permit_for_what_has_recovered_by_itself_is_given_back() -> None:
    world = held_world()
    mark = world.mark()
    world.heal("db/mysqld")
    assert returned(world, mark) == [requests(world)[-1].request.permit]
    assert world.word() == "healthy"
    grant(world)
    assert world.did(mark) == []


def test_a_permit_that_comes_when_the_evidence_is_gone_is_given_back_and_asked_for_again_when_it_is_back() -> None:
    world = World(one())
    world.held = Guard.STORM
    world.ail("db/mysqld")
    world.ail("db/mysqld", "restarting by itself", evidence=events.ProbePending)
    mark = world.mark()
    grant(world)
    assert world.did(mark) == []
    assert len(returned(world, mark)) == 1
    world.ail("db/mysqld")
    assert world.did(mark) == ["RestartResource db"]


def test_a_recovery_of_a_silent_machine_asks_too_and_says_that_the_cloud_condemns_it() -> None:
    world = World(one())
    world.vanish("db")
    world.advance(80)
    assert [(each.request.rung, each.request.condemned) for each in requests(world)] == [(Rung.RELAUNCH, True)]


def test_the_controller_that_comes_back_asks_again_under_the_same_id() -> None:
    world = held_world()
    mark = world.mark()
    world.resume()
    assert [each.request for each in requests(world, mark)] == [requests(world)[0].request]


PASSED = (
    GuardVerdict(Guard.STORM, passed=True, numbers="1 of 8 unhealthy, at most 3"),
    GuardVerdict(Guard.DEPLOYABLE_CAP, passed=True, numbers="0 in flight, at most 1"),
)


def granted(world: World, since: int = 0) -> list[actions.Report]:
    return [each for each in world.reports(since) if each.kind == "granted"]


def test_what_the_guards_made_of_it_when_they_let_it_begin_is_an_event_of_that_recovery() -> None:
    world = held_world()
    decided = next(
        each.decision for each in world.reports() if each.record is not None and each.record.choice is Choice.ACT and each.resource
    )
    world.feed(events.PermitGranted(at=0, permit=requests(world)[-1].request.permit, guards=PASSED))
    (report,) = granted(world)
    assert (report.assembly, report.resource, report.decision, report.guards) == ("db", "mysqld", decided, PASSED)
    assert report.record is None, "it is no decision"
    assert not report.alert


def test_a_permit_that_comes_when_the_evidence_is_gone_lets_nothing_begin() -> None:
    world = held_world()
    world.ail("db/mysqld", "restarting by itself", evidence=events.ProbePending)
    world.feed(events.PermitGranted(at=0, permit=requests(world)[-1].request.permit, guards=PASSED))
    assert granted(world) == []


def test_a_recovery_by_hand_asks_nobody() -> None:
    world = World(one())
    world.held = Guard.STORM
    world.order(Rung.REBOOT, "db")
    assert requests(world) == []
    assert world.did()[-2:] == ["RebootAssembly db", "StartResources db"]


# observe


def observing() -> World:
    return World(one(recovery(mode=Mode.OBSERVE)))


def test_observing_records_what_would_have_been_done_and_does_nothing() -> None:
    world = observing()
    mark = world.mark()
    world.ail("db/mysqld", cure=None)
    world.advance(7200)
    assert world.did(mark) == []
    would = [each.record.action for each in world.reports(mark) if each.record is not None and each.record.choice is Choice.HOLD]
    assert would[:6] == [Rung.RESTART, Rung.RESTART, Rung.REBOOT, Rung.RELAUNCH, Rung.RESTART, Rung.RESTART][: len(would)][:6]
    assert "failure 1 of 3 in 10m: would be restarting (observed only)" in world.lines(mark)[0]


def test_observing_takes_each_action_as_done_and_not_verified_until_the_ladder_ends() -> None:
    world = observing()
    world.ail("db/mysqld", cure=None)
    world.advance(4 * 3600)
    assert world.word() == "exhausted"
    assert world.alerts()


def test_observing_goes_on_watching_what_heals_by_itself() -> None:
    world = observing()
    world.ail("db/mysqld")
    world.advance(10)
    world.heal("db/mysqld")
    assert world.word() == "healthy"
    assert "recovered by itself" in world.lines()[-3]


def test_observing_a_silent_machine_says_what_it_would_do() -> None:
    world = observing()
    world.vanish("db")
    mark = world.mark()
    world.advance(100)
    assert world.did(mark) == []
    assert any("relaunching (observed only)" in each for each in world.lines(mark))


# approve


def approving() -> World:
    world = World(one(recovery(mode=Mode.APPROVE)))
    world.ail("db/mysqld")
    return world


def answer(world: World, *, approved: bool, assembly: str = "", resource: str = "") -> None:
    world.feed(events.ApprovalGiven(at=0, owner="ada", approved=approved, assembly=assembly, resource=resource, reason="on call"))


def test_a_recovery_waits_for_a_yes_and_then_asks_the_guards() -> None:
    world = approving()
    mark = world.mark()
    world.advance(600)
    assert world.did(mark) == []
    assert world.word() == "held"
    answer(world, approved=True)
    assert world.did(mark) == ["RestartResource db"]
    assert "app/db/mysqld  approved: approved by ada: on call" in world.lines(mark)
    assert world.word() == "healthy"


def test_a_yes_for_something_else_changes_nothing() -> None:
    world = approving()
    mark = world.mark()
    answer(world, approved=True, assembly="web")
    assert world.did(mark) == []


def test_what_has_healed_meanwhile_needs_no_yes() -> None:
    world = approving()
    world.heal("db/mysqld")
    mark = world.mark()
    answer(world, approved=True)
    assert world.did(mark) == []
    assert world.word() == "healthy"


def test_a_no_leaves_it_alone_until_it_is_well() -> None:
    world = approving()
    mark = world.mark()
    answer(world, approved=False, assembly="db", resource="mysqld")
    world.advance(7200)
    assert world.did(mark) == []
    assert world.word() == "held"
    assert world.alerts()[1:] == ["denied by ada: on call: no restart"]
    world.heal("db/mysqld")
    assert world.word() == "healthy"


def test_an_hour_without_an_answer_is_a_no_that_a_later_yes_revives() -> None:
    world = approving()
    mark = world.mark()
    world.advance(3601)
    assert world.alerts()[1:] == ["nobody approved it within 1h: no restart"]
    assert world.did(mark) == []
    answer(world, approved=True)
    assert world.did(mark) == ["RestartResource db"]


def test_a_reboot_waits_for_a_yes_too() -> None:
    world = World(one(recovery(mode=Mode.APPROVE)))
    mark = silent(world, seconds=0)
    world.anchors = True
    world.advance(200)
    assert world.did(mark) == []
    assert world.word("db") == "held"
    answer(world, approved=True, assembly="db")
    assert world.did(mark)[0] == "RebootAssembly db"


# retry and cleanup


@pytest.mark.parametrize("word", [events.RetryAsked, events.CleanupAsked])
def test_what_is_exhausted_begins_again_at_the_lowest_rung(word: type[events.RetryAsked | events.CleanupAsked]) -> None:
    world = World(one(recovery(allow=Rung.RESTART)))
    world.ail("db/mysqld", cure=None)
    world.advance(600)
    assert world.word() == "exhausted"
    mark = world.mark()
    world.host("db").ill["mysqld"].cure = Rung.RESTART
    world.feed(word(at=0, owner="ada"))
    world.advance(1)
    assert world.did(mark) == ["RestartResource db"]
    assert world.word() == "healthy"


def test_a_cleanup_forgets_what_was_counted() -> None:
    world = World(one())
    world.ail("db/mysqld")
    world.feed(events.CleanupAsked(at=0, assembly="db", resource="mysqld"))
    mark = world.mark()
    world.ail("db/mysqld")
    assert "failure 1 of 3 in 10m" in world.lines(mark)[0]


# what others make of it


def test_a_dependency_whose_recovery_a_guard_holds_excuses_nobody_any_more() -> None:
    world = World(WORDPRESS)
    world.held = Guard.STORM
    world.ail("mysql/mysqld")
    world.held = None
    mark = world.mark()
    world.ail("web/apache")
    assert world.did(mark) == ["RestartResource web"]


def test_the_guards_are_told_how_a_recovery_above_a_restart_ended() -> None:
    world = World(one())
    assert standing(world.state).outcome is None
    world.order(Rung.REBOOT, "db")
    by_hand = standing(world.state).outcome
    assert by_hand is not None
    assert by_hand[1]
    world.vanish("db")
    world.advance(80)
    relaunched = standing(world.state).outcome
    assert relaunched is not None
    assert relaunched[1]
    assert relaunched != by_hand


def test_a_recovery_in_flight_stands_with_its_permit_until_it_has_verified() -> None:
    world = World(one())
    world.outcomes[actions.LaunchInstance] = lambda action: None
    world.vanish("db")
    world.advance(80)
    [db] = standing(world.state).assemblies
    assert (db.rung, db.permit) == (Rung.RELAUNCH, requests(world)[-1].request.permit)
    assert db.unhealthy
    [launch] = world.open_actions()
    world.outcomes.clear()
    world.feed(world.do(launch, None))
    world.advance(5)
    [db] = standing(world.state).assemblies
    assert (db.rung, db.permit, db.unhealthy) == (None, "", False)


def test_a_first_start_is_no_trouble_to_the_guards() -> None:
    world = World(one(), start=False)
    world.outcomes[actions.LaunchInstance] = lambda action: None
    world.start()
    assert standing(world.state).assemblies == ()
