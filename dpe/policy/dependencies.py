"""One cause, one recovery (policy.md section 2): who waits for whom, and what a dependency's trouble excuses.

Rules:
- A dependency is whatever an assembly comes after, directly or through others: the one between need not have noticed yet.
- A failure whose cause is a dependency, or another resource that is being restarted for it, is recorded and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from dpe.policy import evidence
from dpe.policy.summary import is_held
from dpe.policy.turn import Turn
from pcloud.model.actions import Decision, ProbeAgain
from pcloud.model.state import AssemblyState, DeployableState, Recovery, ResourceState
from pcloud.model.words import Choice, Health, Phase, Stage
from pcloud.spec.references import resolve


def settled(state: AssemblyState) -> bool:
    """Whether it is up with all its resources healthy and nothing under way."""
    return (
        state.stage is Stage.UP
        and state.recovery is None
        and state.silence is None
        and all_healthy(state)
        and all(each.recovery is None for each in state.resources.values())
    )


def all_healthy(state: AssemblyState) -> bool:
    """Whether every resource of it is healthy."""
    return all(each.health is Health.HEALTHY for each in state.resources.values())


def given_up(state: AssemblyState) -> bool:
    """Whether nothing will be done to it for now (blocked, held, given up, only observed): then it no longer excuses its dependents."""
    if state.blocked or state.held or state.denied or state.exhausted or left(state.recovery):
        return True
    return any(each.blocked or each.denied or each.exhausted or left(each.recovery) for each in state.resources.values())


def left(recovery: Recovery | None) -> bool:
    """Whether a recovery is not done for now: a guard holds it, it waits for a yes, or it is only observed."""
    return recovery is not None and (recovery.observed or is_held(recovery))


def doubted(state: AssemblyState) -> bool:
    """Whether a probe of it has begun to miss: a failure on its way that would explain its dependents' before it counts itself."""
    return any(probe.misses for each in state.resources.values() for probe in each.probes.values())


def trouble(turn: Turn, assembly: str) -> str:
    """The dependency of an assembly that is failed or recovering, or begins to be; empty if there is none."""
    for name in turn.upstream(assembly):
        state = turn[name]
        if not given_up(state) and (not settled(state) or doubted(state)):
            return name
    return ""


def sibling_trouble(turn: Turn, assembly: str, resource: str) -> str:
    """For a check-only resource: what it restarts, while that is failed or recovering itself, or the one that is having it restarted."""
    target = turn.resource_plan(assembly, resource).restarts
    if not target:
        return ""
    for plan in turn.plan_of(assembly).resources:
        state = turn.resource(assembly, plan.name)
        if plan.name == target and (state.health is Health.FAILED or state.recovery is not None):
            return f"{assembly}/{target}"
        if plan.name != resource and plan.restarts == target and under_way(state):
            return f"{assembly}/{plan.name}"
    return ""


def cause(turn: Turn, assembly: str, resource: str) -> str:
    """What explains a failure of the resource, so that it counts for nothing; empty if nothing does."""
    return trouble(turn, assembly) or sibling_trouble(turn, assembly, resource)


def being_restarted(turn: Turn, assembly: str, resource: str) -> bool:
    """Whether a restart asked for by a check-only resource is under way at this one."""
    return any(under_way(turn.resource(assembly, name)) for name in turn.restarters(assembly, resource))


def under_way(state: ResourceState) -> bool:
    """Whether its recovery has begun to act."""
    return state.recovery is not None and state.recovery.phase is not Phase.DELAYED


def suppress(turn: Turn, assembly: str, resource: str, by: str, reason: str) -> None:
    """Record a failure that counts for nothing because of ``by``."""
    state = turn.resource(assembly, resource)
    if state.suppressed_by == by:
        return
    decision = turn.decide(
        Decision(
            turn.next_id(),
            Choice.SUPPRESS,
            "section 2",
            evidence=(reason,),
            next=f"it is probed again when {by} is healthy, blocked or held",
        ),
        f"{reason}; suppressed by {by}",
        assembly=assembly,
        resource=resource,
    )
    turn.update_resource(assembly, resource, suppressed_by=by, decision=decision)


def release(turn: Turn, assembly: str) -> None:
    """End suppressions whose cause is over: the resources are probed again before anything is done to them."""
    released = False
    for name, state in turn[assembly].resources.items():
        if not state.suppressed_by:
            continue
        if cause(turn, assembly, name):
            continue
        turn.update_resource(assembly, name, suppressed_by="")
        evidence.forget_resource(turn, assembly, name, doubt=True)
        released = True
    if released:
        turn.order(ProbeAgain(assembly))


def ready(turn: Turn, assembly: str) -> bool:
    """Whether all that it comes after is up and well, and what the spec says, so that it may be launched."""
    return all(settled(turn[name]) and not turn.lives_by_older(name) for name in turn.plan_of(assembly).after)


def values(state: DeployableState, assemblies: Mapping[str, AssemblyState]) -> dict[tuple[str, str], str]:
    """What ``${assembly.word}`` stands for, with the assemblies as given."""
    found: dict[tuple[str, str], str] = {}
    for name, each in assemblies.items():
        found[name, "name"] = name
        found[name, "hostname"] = f"{state.name}-{name}"
        if each.instance is not None:
            found[name, "address"] = each.instance.address
            found[name, "generation"] = str(each.instance.generation)
    return found


def parameters(turn: Turn, assembly: str) -> tuple[tuple[str, str], ...] | None:
    """The assembly's parameters with their values; None while one has none."""
    known = values(turn.state, turn.assemblies)
    resolved = tuple((key, resolve(text, known)) for key, text in turn.plan_of(assembly).parameters)
    if any(value is None for _, value in resolved):
        return None
    return tuple((key, value or "") for key, value in resolved)
