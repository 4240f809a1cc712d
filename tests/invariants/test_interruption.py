"""Every recovery, cut off after every single step, goes on from the store (policy.md section 9).

Each cut is made three times: the state was stored and nothing was begun; the action had begun; it was done, and its answer is lost. Every
one ends healthy, or held with an alert (what these faults allow); never are there two live generations of one assembly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from pcloud.model import actions, events
from pcloud.model.plan import DeployablePlan
from pcloud.model.state import DeployableState
from pcloud.model.words import Guard, InstanceStatus, Mode, Rung
from pcloud.records.serialising import dump_state, load_state
from tests.policy.machines import Illness
from tests.policy.plans import QUICK, quick_pair, resource
from tests.policy.world import World

# what is cut


def restart(world: World) -> None:
    world.ail("db/mysqld")
    world.advance(30)


def reboot(world: World) -> None:
    world.freeze("db")
    world.advance(60)


def relaunch(world: World) -> None:
    world.vanish("db")
    world.advance(60)


def relaunch_everything(world: World) -> None:
    """The web server is ill until the whole is relaunched."""
    ill = Illness(events.ProbeFailed, "not running", Rung.RELAUNCH)
    world.curses["web"] = {"apache": ill}
    world.ail("web/apache", cure=None)
    for _ in range(200):
        world.advance(5)
        if world.state.recovery is not None:
            world.curses.clear()
            break
    world.advance(60)


def held_restart(world: World) -> None:
    world.held = Guard.STORM
    world.ail("db/mysqld")
    world.advance(10)
    world.let_go()
    world.advance(30)


def approved_reboot(world: World) -> None:
    world.freeze("db")
    world.advance(40)
    world.feed(events.ApprovalGiven(at=0, owner="ada", approved=True))
    world.advance(30)


def reboot_by_hand(world: World) -> None:
    world.order(Rung.REBOOT, "db")
    world.advance(30)


def pause(world: World) -> None:
    world.feed(events.PauseAsked(at=0, owner="ada", seconds=30))
    world.ail("db/mysqld")
    world.advance(120)


def reload_everything(world: World) -> None:
    """Another image, another service, an assembly more, and one less."""
    cache = replace(quick_pair().assemblies[0], name="cache", volumes=(), resources=(resource("redis", recovery=QUICK),))
    old = world.lived_by()
    db = replace(old.assemblies[0], image="debian-13")
    web = replace(
        old.assemblies[1], resources=(resource("nginx", recovery=QUICK),), after=("cache",), parameters=(("DB", "${cache.address}"),)
    )
    world.reload(replace(old, assemblies=(db, cache, web)))
    world.advance(60)
    world.reload(replace(old, assemblies=(cache, web)))
    world.advance(60)


CASES: dict[str, tuple[Callable[[World], None], Mode]] = {
    "restart": (restart, Mode.ENFORCE),
    "reboot": (reboot, Mode.ENFORCE),
    "relaunch": (relaunch, Mode.ENFORCE),
    "relaunch of the whole": (relaunch_everything, Mode.ENFORCE),
    "a restart that a guard held": (held_restart, Mode.ENFORCE),
    "a reboot that was approved": (approved_reboot, Mode.APPROVE),
    "a reboot by hand": (reboot_by_hand, Mode.ENFORCE),
    "a pause": (pause, Mode.ENFORCE),
    "a reload": (reload_everything, Mode.OBSERVE),
}


# the cuts


def begin(world: World, action: actions.Action) -> None:
    """The action had begun when the controller was killed, and came half of its way."""
    machine = world.machine(action.assembly)
    match action:
        case actions.RestartResource(resource=name) if machine is not None:
            machine.running.discard(name)
        case actions.StartResources(resources=names) if machine is not None:
            machine.start(names[0])
        case actions.StopResources(resources=names) if machine is not None:
            machine.running.discard(names[0])
        case actions.FenceInstance() if machine is not None:
            machine.frozen = True
        case actions.LaunchInstance():
            world.launch(action)
        case _:
            pass


def let(world: World, how: str) -> None:
    """What became of the open actions when the controller died."""
    for action in world.open_actions():
        if how == "begun":
            begin(world, action)
        elif how == "answer lost":
            world.do(action, world.machine(action.assembly))


def cuts(scenario: Callable[[World], None], plan: DeployablePlan, how: str) -> list[World]:
    """The scenario's world as it was after each step that changed the state, if the controller was killed there and started again."""
    world, found = World(plan), list[World]()

    def keep(before: DeployableState, event: events.Event, after: DeployableState, orders: Sequence[actions.Order]) -> None:
        if after is not before and (how == "stored" or world.open_actions()):  # without an action all three are the same cut
            found.append(world.fork())

    world.watch = keep
    scenario(world)
    for each in found:
        let(each, how)
        each.state = load_state(dump_state(each.state), each.state.version)
        each.resume()
    return found


def live_generations(world: World, name: str) -> list[int]:
    """The generations of an assembly whose machines run."""
    return [each.instance.generation for each in world.machines.values() if each.plan.name == name and each.status is InstanceStatus.ACTIVE]


def only_look_on(world: World) -> None:
    """The controller comes back and must not trust itself: nothing is done, until somebody takes over."""
    world.resume(doubt="the store was moved")
    mark = world.mark()
    world.advance(180)
    assert world.did(mark) == []
    world.feed(events.TakeoverAsked(at=0, owner="ada"))


def live_on(world: World) -> None:
    """Whatever was asked of people is answered, and the guards let everything pass."""
    twins: list[str] = []

    def watch(before: DeployableState, event: events.Event, after: DeployableState, orders: Sequence[actions.Order]) -> None:
        twins.extend(name for name in after.assemblies if len(live_generations(world, name)) > 1)

    world.watch = watch
    world.curses.clear()
    for machine in world.machines.values():
        for illness in machine.ill.values():
            illness.cure = Rung.RESTART
    world.let_go()
    for _ in range(15):
        world.advance(60)
        if any(each.recovery is not None for each in world.state.assemblies.values()):
            world.feed(events.ApprovalGiven(at=0, owner="ada", approved=True))
        if world.word() == "healthy":
            break
    assert twins == []


@pytest.mark.parametrize("how", ["stored", "begun", "answer lost"])
@pytest.mark.parametrize("case", CASES)
def test_a_recovery_that_is_cut_anywhere_ends_well_or_loudly(case: str, how: str) -> None:
    """Whether the controller that comes back goes on with it, or only looks on until somebody takes over."""
    scenario, mode = CASES[case]
    worlds = cuts(scenario, quick_pair(mode), how)
    assert len(worlds) >= (4 if how == "stored" else 1)
    for step, world in enumerate(worlds):
        other = world.fork()
        world.interval = 30.0
        live_on(world)
        assert world.word() in {"healthy", "held"}, f"cut after step {step}: {world.word()}: {world.lines()[-6:]}"
        assert world.word() == "healthy" or world.alerts(), f"cut after step {step}"
        assert world.word() != "healthy" or world.lived_by() == world.plan, f"cut after step {step}"
        other.interval = 60.0
        only_look_on(other)
        live_on(other)
        assert other.word() in {"healthy", "held"}, f"cut after step {step}, taken over: {other.word()}: {other.lines()[-6:]}"
