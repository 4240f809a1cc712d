"""From probe results to the health of a resource (policy.md section 1: evidence before judgement).

Rules:
- Hard evidence counts at once; soft evidence after ``fall`` misses in a row; ``rise`` passes make it healthy again.
- Pending is no failure while its patience lasts; unknown is never one, and raises an alert when it lasts.
- A resource fails when one of its probes does; it is healthy when all have passed since they were last reset.
- Evidence about another generation than the current one is not looked at.
"""

from __future__ import annotations

from dataclasses import replace

from dpe.policy import restarts, silence
from dpe.policy.turn import Turn
from pcloud.model.events import (
    ProbeBroken,
    ProbeFailed,
    ProbeMissed,
    ProbePassed,
    ProbePending,
    ProbeReported,
    ProbeUnknown,
)
from pcloud.model.plan import HttpCheck, ResourcePlan
from pcloud.model.state import DeployableState, ProbeState, ResourceState
from pcloud.model.words import Health, Origin, Verdict

UNKNOWN_ALERT = 300.0  # policy.md section 1: "It raises an alert when it lasts 5 min"


def changes_nothing(state: DeployableState, event: ProbeReported) -> bool:
    """Whether this is a pass of what passes already, of a healthy resource: nearly all events are, and must cost nothing."""
    assembly = state.assemblies.get(event.assembly)
    if assembly is None or assembly.instance is None or assembly.instance.generation != event.generation:
        return True
    resource = assembly.resources.get(event.resource)
    if resource is None:
        return True
    if type(event) is not ProbePassed or resource.health is not Health.HEALTHY or resource.blocked or assembly.silence is not None:
        return False
    probe = resource.probes.get(event.probe)
    return probe is not None and probe.verdict is Verdict.PASSED and probe.misses == 0


def on_probe(turn: Turn, event: ProbeReported) -> None:
    """Take in one probe result."""
    plan = turn.plan_of(event.assembly).resource(event.resource)
    if plan is None:
        return
    state = turn.resource(event.assembly, event.resource)
    old = state.probes.get(event.probe)
    new = judged(old, event, *thresholds(plan, event.probe))
    if new != old:
        state = turn.update_resource(event.assembly, event.resource, probes={**state.probes, event.probe: new})
    if isinstance(event, ProbePassed) and speaks_for_itself(plan, event.probe):
        silence.on_passing_sight(turn, event.assembly, f"check {event.probe} of {event.resource} from the controller")
    if isinstance(event, ProbeBroken):
        restarts.block(turn, event.assembly, event.resource, event.reason)
    conclude(turn, event.assembly, event.resource)


def thresholds(plan: ResourcePlan, probe: str) -> tuple[int, int]:
    """``fall`` and ``rise`` of a probe; the agent's own monitor has the defaults of policy.md section 1."""
    for check in plan.checks:
        if check.key == probe:
            return check.fall, check.rise
    return 3, 1


def speaks_for_itself(plan: ResourcePlan, probe: str) -> bool:
    """Whether a pass is an answer of the service seen from the controller: a passing sight (section 4), never a bare TCP connect."""
    return any(check.key == probe and check.origin is Origin.CONTROLLER and isinstance(check.what, HttpCheck) for check in plan.checks)


def judged(old: ProbeState | None, event: ProbeReported, fall: int, rise: int) -> ProbeState:
    """The probe's standing after one more result. A verdict that is not reached yet leaves the standing one."""
    before = old if old is not None else ProbeState(since=event.at)
    match event:
        case ProbePassed():
            passes = min(before.passes + 1, rise)
            stands = passes >= rise or before.verdict is Verdict.PASSED
            return turned(before, event, Verdict.PASSED if stands else before.verdict, 0, passes)
        case ProbeMissed():
            misses = min(before.misses + 1, fall)
            return turned(before, event, Verdict.FAILED if misses >= fall else before.verdict, misses, 0)
        case ProbeFailed() | ProbeBroken():
            return turned(before, event, Verdict.FAILED, before.misses, 0)
        case ProbePending(patience=patience):
            return replace(turned(before, event, Verdict.PENDING, 0, 0), patience=patience)
        case ProbeUnknown():
            return turned(before, event, Verdict.UNKNOWN, before.misses, before.passes)
        case _:
            raise TypeError(event)


def turned(before: ProbeState, event: ProbeReported, verdict: Verdict, misses: int, passes: int) -> ProbeState:
    """The standing with these numbers; a verdict that goes on keeps the moment at which it began."""
    since = before.since if verdict is before.verdict else event.at
    return ProbeState(verdict, misses, passes, since, "" if verdict is Verdict.PASSED else event.reason)


def conclude(turn: Turn, assembly: str, resource: str) -> None:
    """Make the resource's health what its probes say, and let the ladder know where it changed."""
    state = turn.resource(assembly, resource)
    health, reason = health_of(turn, turn.resource_plan(assembly, resource), state)
    if health is state.health and (reason == state.reason or health is not Health.FAILED):
        return
    turned_at = turn.at if health is not state.health else state.since
    turn.update_resource(assembly, resource, health=health, reason=reason, since=turned_at, alerted=False)
    if health is state.health:
        return
    if health is Health.FAILED:
        restarts.on_failure(turn, assembly, resource, reason)
    elif health is Health.HEALTHY:
        restarts.on_health(turn, assembly, resource)


def health_of(turn: Turn, plan: ResourcePlan, state: ResourceState) -> tuple[Health, str]:
    """What the probes come to. Without fresh evidence from all of them an undoubted health stands."""
    standing = state.probes.values()
    for probe in standing:
        if probe.verdict is Verdict.FAILED:
            return Health.FAILED, probe.reason
    for probe in standing:
        if probe.verdict is Verdict.PENDING:
            if turn.at >= probe.since + probe.patience:
                return Health.FAILED, f"{probe.reason} for too long"
            return Health.PENDING, probe.reason
    wanted = len(plan.checks) + (plan.agent is not None)
    if sum(1 for probe in standing if probe.verdict is Verdict.PASSED) == wanted:
        return Health.HEALTHY, ""
    told = next((probe.reason for probe in standing if probe.verdict is Verdict.UNKNOWN and probe.misses == 0), "")
    if told:
        return Health.UNKNOWN, told
    if state.health in {Health.FAILED, Health.PENDING}:
        return Health.UNKNOWN, ""
    return state.health, state.reason


def watch_clock(turn: Turn, assembly: str, resource: str) -> None:
    """What becomes true of a resource by time alone: patience that ends, an unknown that lasts."""
    state = turn.resource(assembly, resource)
    if state.health is Health.PENDING:
        conclude(turn, assembly, resource)
    elif state.health is Health.UNKNOWN and state.reason and not state.alerted and turn.at >= state.since + UNKNOWN_ALERT:
        turn.update_resource(assembly, resource, alerted=True)
        turn.report("unknown", f"unknown for 5m: {state.reason}", assembly=assembly, resource=resource, alert=True)


def alarm(state: ResourceState) -> float | None:
    """When ``watch_clock`` has something to say next."""
    if state.health is Health.PENDING:
        return min((probe.since + probe.patience for probe in state.probes.values() if probe.verdict is Verdict.PENDING), default=None)
    if state.health is Health.UNKNOWN and state.reason and not state.alerted:
        return state.since + UNKNOWN_ALERT
    return None
