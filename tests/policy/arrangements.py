"""Situations that several tests of the policy begin in."""

from __future__ import annotations

from pcloud.model import actions, events
from pcloud.model.words import InstanceStatus
from tests.policy.plans import one
from tests.policy.world import World


def hangs(world: World, kind: type[actions.Action]) -> World:
    """Actions of this kind are begun and not answered from now on."""
    world.outcomes[kind] = lambda action: None
    return world


def fails(world: World, kind: type[actions.Action], reason: str) -> World:
    """Actions of this kind fail at once from now on."""
    world.outcomes[kind] = lambda action: events.ActionFailed(at=0, action=action.id, reason=reason)
    return world


def under_way(world: World) -> actions.Action:
    """The one action that is open."""
    [action] = world.open_actions()
    return action


def listed(world: World, instance_id: str, generation: int, status: InstanceStatus = InstanceStatus.ACTIVE, *, name: str = "db") -> None:
    """A list of the cloud's shows an instance of an assembly."""
    world.feed(
        events.InstanceListed(at=0, assembly=name, instance_id=instance_id, infrastructure="lab", generation=generation, status=status)
    )


def launched_in_silence() -> World:
    """One machine, ``db``, that was launched just now; nothing is told by itself, and nothing else is answered."""
    world = World(one(), start=False)
    world.mute = True
    world.start()
    launch = under_way(world)
    assert isinstance(launch, actions.LaunchInstance)
    world.feed(events.InstanceLaunched(at=0, action=launch.id, instance=world.launch(launch)))
    return world
