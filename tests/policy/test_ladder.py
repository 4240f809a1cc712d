"""The ladder above a single resource (policy.md section 3)."""

import pytest

from pcloud.model import actions, events
from pcloud.model.words import OnExhausted, Rung
from tests.policy.plans import assembly, deployable, one, recovery, resource, rung
from tests.policy.world import World

LETTERS = {actions.RestartResource: "r", actions.RebootAssembly: "B", actions.LaunchInstance: "L"}


def climb(world: World, seconds: float, step: float = 5.0) -> str:
    """What is done about a service that dies at once after every start, each action by its letter."""
    mark = world.mark()
    for _ in range(round(seconds / step)):
        world.advance(step)
    return "".join(LETTERS.get(type(each), "") for each in world.log[mark:])


def doomed(world: World, target: str = "db/mysqld") -> None:
    """A service that nothing cures, in this machine or in any other."""
    world.ail(target, cure=None)
    name, _, resource_name = target.partition("/")
    world.curses[name] = {resource_name: world.host(name).ill[resource_name]}


def test_a_service_that_dies_at_once_after_every_start_climbs_the_whole_ladder() -> None:
    world = World(one())
    mark = world.mark()
    doomed(world)
    climb(world, 3600)
    done = "".join(LETTERS.get(type(each), "") for each in world.log[mark:])
    assert done.startswith("rrBL")
    assert world.word() == "exhausted"
    assert any("relaunch is the highest rung allowed: exhausted" in each for each in world.alerts())


def test_a_reboot_that_does_not_verify_is_one_more_failure_at_its_rung() -> None:
    world = World(one())
    mark = world.mark()
    doomed(world)
    climb(world, 900)
    counted = "mysqld: not running; reboot failure 2 of 2 in 1h; failure 1 of 2 in 6h: relaunching"
    assert f"app/db  verifying → failed: not healthy after 5m: {counted}" in world.lines(mark)


@pytest.mark.parametrize(
    ("allow", "expected"),
    [(Rung.RESTART, {"r"}), (Rung.REBOOT, {"r", "B"}), (Rung.RELAUNCH, {"r", "B", "L"}), (Rung.RELOCATE, {"r", "B", "L"})],
)
def test_no_rung_above_the_ceiling_is_tried(allow: Rung, expected: set[str]) -> None:
    world = World(one(recovery(allow=allow)))
    doomed(world)
    assert set(climb(world, 3600, 60)) == expected - (set() if allow is not Rung.RESTART else {"B"})
    assert world.word() == "exhausted"


def test_when_all_is_exhausted_only_the_restart_is_repeated_at_max_delay() -> None:
    world = World(one(recovery(allow=Rung.RESTART)))
    doomed(world)
    climb(world, 600)
    assert world.word() == "exhausted"
    alerts = len(world.alerts())
    assert set(climb(world, 3600, 5)) == {"r"}
    assert len(climb(world, 3600, 5)) == 10  # every max_delay (5 min) and verify (1 min)
    assert len([each for each in world.alerts()[alerts:] if "exhausted" in each]) == 0


def test_exhausted_ends_when_the_service_is_healthy_again() -> None:
    world = World(one(recovery(allow=Rung.RESTART)))
    doomed(world)
    climb(world, 600)
    mark = world.mark()
    world.heal("db/mysqld")
    assert world.word() == "healthy"
    assert world.state.assemblies["db"].reason == ""
    assert "app/db/mysqld  exhausted → healthy: recovered by itself" in world.lines(mark)


def test_with_on_exhausted_stop_nothing_more_is_done_until_the_operator_asks() -> None:
    world = World(one(recovery(allow=Rung.RESTART, on_exhausted=OnExhausted.STOP)))
    doomed(world)
    climb(world, 600)
    assert climb(world, 1200, 60) == ""
    mark = world.mark()
    world.start()
    assert world.did(mark) == ["RestartResource db"]


def test_an_action_that_verifies_clears_the_windows_of_what_is_below_it() -> None:
    world = World(one())
    world.ail("db/mysqld")
    world.ail("db/mysqld")
    world.order(Rung.REBOOT, "db")
    assert world.word() == "healthy"
    assert world.state.assemblies["db"].resources["mysqld"].failures == ()
    mark = world.mark()
    world.ail("db/mysqld")
    assert "failure 1 of 3 in 10m: restarting" in world.lines(mark)[0]


def test_a_restart_does_not_clear_its_own_window() -> None:
    world = World(one())
    world.ail("db/mysqld")
    assert world.word() == "healthy"
    assert len(world.state.assemblies["db"].resources["mysqld"].failures) == 1


def test_a_rung_with_one_failure_escalates_at_once() -> None:
    world = World(one(recovery(restart=rung(1, 600.0))))
    mark = world.mark()
    world.ail("db/mysqld", cure=Rung.REBOOT)
    assert world.did(mark)[0] == "RebootAssembly db"


def test_a_rung_that_never_escalates_is_repeated_for_ever() -> None:
    settings = recovery(restart=rung(1, 600.0), reboot=rung(0, 600.0, delay=1.0, max_delay=60.0, verify=60.0))
    world = World(one(settings))
    doomed(world)
    world.interval = 30.0
    assert set(climb(world, 7200, 30)) == {"B"}


def test_the_delay_of_a_second_reboot_is_waited_for_and_shown() -> None:
    world = World(one(recovery(reboot=rung(3, 3600.0, delay=30.0, verify=60.0), restart=rung(1, 600.0))))
    mark = world.mark()
    world.ail("db/mysqld", cure=None)
    world.advance(61)
    assert world.word("db") == "failed"
    assert world.did(mark).count("RebootAssembly db") == 1
    assert "failure 2 of 3 in 1h: rebooting in 30s" in "\n".join(world.lines(mark))
    world.advance(30)
    assert world.did(mark).count("RebootAssembly db") == 2


def test_a_reboot_that_waits_is_dropped_when_all_is_well_again() -> None:
    world = World(one(recovery(reboot=rung(3, 3600.0, delay=30.0), restart=rung(1, 600.0))))
    world.ail("db/mysqld", cure=Rung.REBOOT)
    world.ail("db/mysqld")
    assert world.word("db") == "failed"
    mark = world.mark()
    world.heal("db/mysqld")
    world.advance(60)
    assert world.word() == "healthy"
    assert world.did(mark) == []


def test_the_assembly_waits_for_an_action_on_one_of_its_resources_before_it_is_rebooted() -> None:
    world = World(deployable(assembly("db", resource("mysqld", recovery=recovery(restart=rung(1, 60.0))), resource("backup"))))
    world.outcomes[actions.RestartResource] = lambda action: None
    world.ail("db/backup")
    world.ail("db/mysqld", cure=Rung.REBOOT)
    assert "RebootAssembly db" not in world.did()
    [restart] = world.open_actions()
    world.feed(events.ActionDone(at=0, action=restart.id))
    assert world.did()[-2:] == ["RebootAssembly db", "StartResources db"]


def test_a_static_machine_is_never_relaunched() -> None:
    world = World(one(recovery(allow=Rung.RELAUNCH), address="10.0.0.7"), start=False)
    world.mute = True
    world.start()
    world.say(events.ContactMade, "db", boot_id="one")
    world.feed(events.Ticked(at=0))
    assert world.did() == ["StartResources db"]
    world.feed(events.ActionDone(at=0, action=world.open_actions()[0].id))
    world.say(events.ProbePassed, "db", resource="mysqld")
    world.feed(events.Ticked(at=0))
    assert world.word() == "healthy"
    for _ in range(100):
        for each in world.open_actions():
            world.feed(events.ActionFailed(at=0, action=each.id, reason="no"))
        world.say(events.ProbeFailed, "db", resource="mysqld", reason="no")
        world.feed(events.Ticked(at=0))
        world.advance(60)
    assert "LaunchInstance db" not in world.did()
    assert world.word() == "exhausted"


def test_a_machine_that_was_never_up_may_be_relaunched_whatever_allow_says() -> None:
    world = World(one(recovery(allow=Rung.RESTART)), start=False)
    world.scripts["db"] = (1, "no such package")
    world.start()
    assert world.did().count("LaunchInstance db") == 2


def test_the_decision_says_what_the_next_failure_would_do() -> None:
    world = World(one())
    for _ in range(3):
        world.ail("db/mysqld")
        world.advance(5)
    records = [each.record for each in world.reports() if each.record is not None and each.record.rung is not None and each.record.failures]
    assert [(each.rung, each.failures, each.of, each.next) for each in records] == [
        (Rung.RESTART, 1, 3, "restart again"),
        (Rung.RESTART, 2, 3, "reboot"),
        (Rung.REBOOT, 1, 2, "relaunch"),
    ]


def test_every_line_of_a_recovery_carries_its_decision() -> None:
    world = World(one())
    mark = world.mark()
    world.ail("db/mysqld", cure=Rung.REBOOT)
    world.advance(65)
    world.ail("db/mysqld", cure=Rung.REBOOT)
    lines = [each for each in world.reports(mark) if each.assembly and each.reason != ""]
    assert all(each.decision for each in lines)
