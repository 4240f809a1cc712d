"""Relaunching the deployable as a whole (policy.md section 3)."""

from __future__ import annotations

from dataclasses import replace

from pcloud.model import actions, events
from pcloud.model.plan import DeployablePlan, RecoverySettings
from pcloud.model.words import Choice, Rung
from tests.policy.plans import assembly, deployable, recovery, resource, rung
from tests.policy.test_ladder import doomed
from tests.policy.world import World

TOP = recovery(allow=Rung.RELAUNCH_DEPLOYABLE, relaunch_deployable=rung(2, 86400, verify=1800))


def chain(settings: RecoverySettings = TOP, **more: object) -> DeployablePlan:
    plan = deployable(
        assembly("db", resource("mysqld", recovery=settings), recovery=settings, volumes=True),
        assembly("web", resource("apache", recovery=settings), recovery=settings, after=("db",), **more),
    )
    return replace(plan, recovery=settings)


def beyond_relaunch(world: World) -> int:
    """The web server's machine fails until its own relaunch has failed too; returns the mark from before the last failure."""
    doomed(world, "web/apache")
    for _ in range(600):
        if world.state.recovery is not None:
            break
        world.advance(10)
    assert world.state.recovery is not None
    return world.mark()


def beyond_relaunch_or_blocked(world: World) -> None:
    """The same, where the relaunch of the whole itself comes to nothing at once."""
    doomed(world, "web/apache")
    for _ in range(600):
        if world.word("db") == "blocked":
            return
        world.advance(10)


def order_of(world: World, since: int) -> list[str]:
    kinds = (actions.FenceInstance, actions.LaunchInstance, actions.RebootAssembly)
    return [f"{type(each).__name__} {each.assembly}" for each in world.log[since:] if isinstance(each, kinds)]


def test_after_an_assemblys_own_relaunch_the_whole_comes_down_in_reverse_order_and_up_in_order() -> None:
    world = World(chain())
    mark = world.mark()
    beyond_relaunch(world)
    world.advance(120)
    assert order_of(world, mark)[-4:] == ["FenceInstance web", "FenceInstance db", "LaunchInstance db", "LaunchInstance web"]
    assert {each.instance.generation for each in world.machines.values() if each.instance.id.startswith("db")} >= {2}
    said = [each.record for each in world.reports(mark) if each.record is not None and each.record.action is Rung.RELAUNCH_DEPLOYABLE]
    assert (said[0].choice, said[0].failures, said[0].of) == (Choice.ACT, 1, 2)


def test_it_verifies_when_everything_is_healthy_and_clears_what_was_counted_below() -> None:
    world = World(chain())
    beyond_relaunch(world)
    world.curses.clear()
    mark = world.mark()
    for machine in world.machines.values():
        machine.ill.clear()
    world.advance(300)
    assert world.word() == "healthy"
    assert world.state.recovery is None
    assert world.state.assemblies["web"].relaunches == ()
    assert any("relaunch_deployable verified" in each or "recovered by itself" in each for each in world.lines(mark))


def test_its_second_failure_in_a_day_exhausts() -> None:
    world = World(chain())
    beyond_relaunch(world)
    world.advance(4 * 3600)
    assert world.word() == "exhausted"
    assert any("relaunch_deployable is the highest rung allowed: exhausted" in each for each in world.alerts())


def test_it_is_tried_only_where_allow_names_it() -> None:
    world = World(chain(recovery(allow=Rung.RELAUNCH)))
    doomed(world, "web/apache")
    mark = world.mark()
    world.advance(4 * 3600)
    assert world.state.recovery is None
    assert "FenceInstance db" not in order_of(world, mark)


def test_a_machine_that_may_not_be_relaunched_is_rebooted_in_its_place() -> None:
    kept = recovery(allow=Rung.REBOOT)
    plan = deployable(
        assembly("db", resource("mysqld", recovery=kept), recovery=kept),
        assembly("web", resource("apache", recovery=TOP), recovery=TOP, after=("db",)),
    )
    world = World(replace(plan, recovery=TOP))
    mark = world.mark()
    beyond_relaunch(world)
    world.advance(120)
    assert order_of(world, mark)[-3:] == ["FenceInstance web", "RebootAssembly db", "LaunchInstance web"]
    assert world.host("db").instance.generation == 1


def test_a_stop_in_the_middle_of_it_takes_everything_down() -> None:
    world = World(chain())
    world.outcomes[actions.LaunchInstance] = lambda action: None if action.assembly == "db" else world.do(action, None)  # type: ignore[union-attr]
    beyond_relaunch(world)
    world.advance(120)
    world.outcomes.clear()
    [launch] = [each for each in world.open_actions() if isinstance(each, actions.LaunchInstance)]
    world.stop()
    world.feed(world.do(launch, None))
    world.advance(60)
    assert world.word() == "stopped"
    assert world.machines == {}


def test_while_it_is_under_way_nothing_is_done_to_its_parts() -> None:
    world = World(chain())
    beyond_relaunch(world)
    world.advance(100)
    mark = world.mark()
    world.advance(1500)
    assert not any(isinstance(each, actions.RestartResource) for each in world.log[mark:])


def test_once_it_is_exhausted_no_other_assembly_begins_it_anew() -> None:
    world = World(chain())
    world.interval = 30.0
    doomed(world, "web/apache")
    world.advance(4 * 3600)
    assert world.word("web") == "exhausted"
    doomed(world, "db/mysqld")
    mark = world.mark()
    world.advance(8 * 3600)
    ways = [each.record.action for each in world.reports(mark) if each.record is not None and each.record.choice is Choice.ACT]
    assert Rung.RELAUNCH in ways
    assert Rung.RELAUNCH_DEPLOYABLE not in ways
    assert world.word("db") == "exhausted"


def test_a_fence_that_nobody_can_confirm_blocks_it() -> None:
    world = World(chain())
    world.outcomes[actions.FenceInstance] = lambda action: (
        events.InstanceMissing(at=0, action=action.id) if action.assembly == "db" else world.do(action, world.machine(action.assembly))
    )
    beyond_relaunch_or_blocked(world)
    assert world.word("db") == "blocked"
    assert world.state.recovery is None
