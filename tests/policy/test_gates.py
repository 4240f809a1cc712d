"""What stands before a recovery: the guards' permit, the mode, somebody's yes (policy.md section 5)."""

from __future__ import annotations

from dpe.policy.standing import standing
from pcloud.model import actions, events
from pcloud.model.guards import GuardVerdict
from pcloud.model.words import Choice, Guard, InstanceStatus, Rung
from tests.policy.arrangements import fails
from tests.policy.plans import WORDPRESS, one, recovery, rung
from tests.policy.world import World


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


def test_a_launch_that_failed_asks_again_as_for_what_the_cloud_condemned_for_nothing_is_left_that_may_live() -> None:
    world = fails(World(one(recovery(relaunch=rung(3, 3600.0)))), actions.LaunchInstance, "503")
    world.vanish("db")
    world.advance(80)
    assert world.state.assemblies["db"].instance is None
    world.advance(120)
    assert [(each.request.rung, each.request.condemned) for each in requests(world)] == [(Rung.RELAUNCH, True)] * 2


def off(world: World) -> World:
    """A world whose database is off, and nobody asked for that."""
    world.host("db").status = InstanceStatus.SHUTOFF
    world.look()
    return world


def test_a_reboot_that_the_cloud_refused_is_asked_for_again_as_of_what_the_cloud_has_condemned() -> None:
    world = off(fails(World(one(recovery(reboot=rung(5, 3600.0)))), actions.RebootAssembly, "503"))
    world.advance(300)
    assert len(requests(world)) >= 3
    assert all(each.request.condemned for each in requests(world))


def test_a_machine_that_was_rebooted_and_stays_silent_is_no_longer_condemned() -> None:
    world = World(one(recovery(reboot=rung(5, 3600.0))))
    world.outcomes[actions.RebootAssembly] = lambda action: events.ActionDone(at=0, action=action.id)
    off(world).advance(900)
    assert [each.request.condemned for each in requests(world)][:2] == [True, False]


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
