"""Whether anything new can still come of how things stand, when nothing more befalls them (interface.md: "nothing is pending but repeats").

Repeats are: asking the other sights about what is held, an exhausted restart that comes round at ``max_delay``, a recovery that never
escalates and has filled its window, refreshing what peers reach, and misses of what is failed already.
"""

from __future__ import annotations

from pcloud.model.plan import AssemblyPlan, RecoverySettings
from pcloud.model.state import AssemblyState, DeployableState, Recovery, ResourceState
from pcloud.model.words import Health, Rung, Stage
from pcloud.simulation.machines import Machine
from pcloud.simulation.world import World

SIGHTS = 3.0  # times ``silence``: the longest that the policy waits for a second sight (policy.md section 4c) …
READINGS = 20.0  # seconds: … and two readings of the cloud, 10 s apart, after it


def pending(state: DeployableState, world: World, now: float, news: float) -> bool:
    """Whether something may come, at ``now``; ``news`` is when anything last befell the deployable."""
    if state.pauses or (state.recovery is not None and coming(state.recovery, now)):
        return True
    return any(assembly_pending(each, world.machines[name], now, news) for name, each in state.assemblies.items())


def assembly_pending(state: AssemblyState, machine: Machine, now: float, news: float) -> bool:
    """The same of one machine and its services."""
    faults = [machine.silence, *machine.faults.values()]
    if any(fault is not None and fault.until is not None and fault.until > now for fault in faults):
        return True
    if state.grace is not None and state.grace > now:
        return True
    if state.silence is not None:
        since = max(state.silence.since, news)
        if now <= since + SIGHTS * machine.plan.monitor.silence + READINGS:
            return True
    elif state.until is not None and state.until > now:
        return True
    if state.recovery is not None and coming(state.recovery, now) and not endless(state.recovery, machine.plan.recovery, now, news):
        return True
    return any(resource_pending(state, each, machine.plan, name, machine, now, news) for name, each in state.resources.items())


def resource_pending(
    owner: AssemblyState, state: ResourceState, plan: AssemblyPlan, name: str, machine: Machine, now: float, news: float
) -> bool:
    """The same of one service."""
    if state.exhausted or state.blocked:
        return False
    settings = plan.resource(name)
    if state.recovery is not None and settings is not None:
        return coming(state.recovery, now) and not endless(state.recovery, settings.recovery, now, news)
    fault = machine.faults.get(name)
    counting = fault is not None and fault.soft and state.health is not Health.FAILED
    return counting and owner.stage is Stage.UP and owner.contact


def coming(recovery: Recovery, now: float) -> bool:
    """Whether a recovery has a moment before it. One whose moment is over waits for a fact, and none will come."""
    return recovery.until is not None and recovery.until > now


def endless(recovery: Recovery, settings: RecoverySettings, now: float, news: float) -> bool:
    """Whether a recovery never escalates, and has been done for so long that its window holds nothing but it."""
    if recovery.of or recovery.rung is Rung.RELOCATE:
        return False
    return now > news + settings.rung(recovery.rung).within
