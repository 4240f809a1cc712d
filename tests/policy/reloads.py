"""Specs that are reloaded in tests of the policy, and the reloading."""

from __future__ import annotations

from dataclasses import replace

from pcloud.model.plan import DeployablePlan
from tests.policy.plans import assembly, deployable, resource
from tests.policy.world import World


def changed(plan: DeployablePlan, name: str, **changes: object) -> DeployablePlan:
    """The plan with some fields of one assembly changed."""
    return replace(plan, assemblies=tuple(replace(each, **changes) if each.name == name else each for each in plan.assemblies))  # type: ignore[arg-type]


def webs(count: int = 3, **more: object) -> DeployablePlan:
    """Machines of one kind that do not depend on each other."""
    return deployable(*(assembly(f"web-{number}", resource("apache"), ephemeral=True, **more) for number in range(1, count + 1)))


def reload(world: World, plan: DeployablePlan, seconds: float = 60.0) -> int:
    """Another spec, and time for what it asks for; returns the mark from before."""
    mark = world.mark()
    world.reload(plan)
    world.advance(seconds)
    return mark
