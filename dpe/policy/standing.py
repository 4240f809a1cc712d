"""How a deployable stands, as far as the controller's guards care (policy.md section 5).

Rules: pure, made anew from the state, so that a restart of the controller rebuilds what its guards knew. An assembly that was never up
counts only once it has failed: a first start is no storm.
"""

from __future__ import annotations

from dpe.policy import dependencies, gates
from dpe.policy.summary import assembly_word
from pcloud.model.guards import RATE_WITHIN, AssemblyStanding, Relaunched, Standing
from pcloud.model.plan import AssemblyPlan
from pcloud.model.state import AssemblyState, DeployableState, Recovery, ResourceState
from pcloud.model.words import Desired, Health, InstanceStatus, Origin, Phase, Rung


def standing(state: DeployableState) -> Standing:
    """How it stands now. Nothing is in trouble where it is stopped or being stopped, or where somebody else looks after it."""
    if state.plan is None or state.stale or state.desired is not Desired.RUNNING:
        return Standing(state.name, outcome=state.outcome)
    counted = [(plan, state.assemblies[plan.name]) for plan in state.plan.assemblies]
    standings = tuple(assembly_standing(state, plan, each) for plan, each in counted if each.proven or failed_once(each))
    return Standing(state.name, standings, state.outcome)


def failed_once(state: AssemblyState) -> bool:
    """Whether an assembly that is not up (yet) is so because something failed."""
    recovery = state.recovery
    return state.exhausted or (recovery is not None and (recovery.failures > 0 or recovery.rung is Rung.RELAUNCH_DEPLOYABLE))


def assembly_standing(state: DeployableState, plan: AssemblyPlan, assembly: AssemblyState) -> AssemblyStanding:
    """The same for one assembly."""
    word = assembly.silence.cloud if assembly.silence is not None else None
    acting = in_flight(assembly.recovery)
    if acting is not None and acting.rung is Rung.RELAUNCH_DEPLOYABLE and state.recovery is not None and gates.waits(state.recovery):
        acting = None  # a part of the whole that has failed: what comes next is the whole anew, and must not wait for it
    whole = state.recovery.permit if state.recovery is not None else ""
    permit = whole if acting is not None and acting.rung is Rung.RELAUNCH_DEPLOYABLE else acting.permit if acting is not None else ""
    return AssemblyStanding(
        assembly=plan.name,
        infrastructure=assembly.instance.infrastructure if assembly.instance is not None else plan.infrastructure,
        zone=assembly.zone,
        unhealthy=assembly_word(assembly) != "healthy" or dependencies.doubted(assembly),
        silent=assembly.silence is not None,
        active=word is not None and word.status is InstanceStatus.ACTIVE,
        answers=assembly.contact,
        outside=bool(outside_keys(plan)),
        outside_failing=any(misses_outside(plan, name, each) for name, each in assembly.resources.items()),
        rung=acting.rung if acting is not None else None,
        permit=permit or (acting.decision if acting is not None else ""),
        restarts=tuple(permit for each in assembly.resources.values() if (permit := restart_permit(each.recovery))),
    )


def relaunched(state: DeployableState, at: float) -> tuple[Relaunched, ...]:
    """The machines that were relaunched within the last minute and no longer are, for guards that know nothing of it yet.

    The recoveries of an assembly are remembered together: a reboot just before its relaunch counts too, which holds others a little longer.
    """
    found = []
    for name, assembly in state.assemblies.items():
        plan = state.plan.assembly(name) if state.plan is not None else None
        infrastructure = assembly.instance.infrastructure if assembly.instance is not None else plan.infrastructure if plan else ""
        lately = assembly.relaunch_tried is not None and at - assembly.relaunch_tried < RATE_WITHIN
        times = [*(assembly.recoveries if lately else ()), *state.recoveries]
        acting = in_flight(assembly.recovery)
        if times and acting is not None and acting.rung in {Rung.RELAUNCH, Rung.RELAUNCH_DEPLOYABLE}:
            times.remove(max(times))  # it is under way, and the standing shows it
        found += [Relaunched(infrastructure, at - each) for each in times if at - each < RATE_WITHIN]
    return tuple(found)


def in_flight(recovery: Recovery | None) -> Recovery | None:
    """A recovery above a restart whose action has begun and has not verified or failed yet."""
    if recovery is None or gates.waits(recovery) or recovery.observed or recovery.rung is Rung.RESTART:
        return None
    return recovery if gates.is_recovery(recovery) else None


def restart_permit(recovery: Recovery | None) -> str:
    """The permit of a restart that is being done right now; "" if there is none."""
    return recovery.permit if recovery is not None and recovery.rung is Rung.RESTART and recovery.phase is Phase.ACTING else ""


def outside_keys(plan: AssemblyPlan) -> list[tuple[str, str]]:
    """The checks of an assembly that the controller makes: resource and key."""
    return [(each.name, check.key) for each in plan.resources for check in each.checks if check.origin is Origin.CONTROLLER]


def misses_outside(plan: AssemblyPlan, resource: str, state: ResourceState) -> bool:
    """Whether a check from the controller misses or has failed."""
    keys = [key for name, key in outside_keys(plan) if name == resource]
    probes = [state.probes[key] for key in keys if key in state.probes]
    return any(probe.misses for probe in probes) or (state.health is Health.FAILED and any(probe.verdict == "failed" for probe in probes))
