"""A controller that must not trust itself, and its takeover."""

from __future__ import annotations

from pcloud.model import actions, events
from tests.policy.plans import PAIR
from tests.policy.world import World

MOVED = "the store was moved"


def doubting(world: World | None = None) -> World:
    """A world whose controller was started anew, and must not trust itself."""
    world = world or World(PAIR)
    world.interval = 30.0  # hours pass, in which what fails is told again and again
    world.resume(doubt=MOVED)
    return world


def take_over(world: World) -> int:
    mark = world.mark()
    world.feed(events.TakeoverAsked(at=0, owner="ada", reason="it is ours"))
    return mark


def done_since(world: World, mark: int) -> list[actions.Order]:
    """What was ordered or asked of the guards."""
    return [each for each in world.log[mark:] if isinstance(each, actions.Action | actions.AskPermit)]
