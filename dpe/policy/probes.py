"""From probe results to the health of a resource (policy.md section 1: evidence before judgement).

Rules:
- Hard evidence counts at once; soft evidence after ``fall`` misses in a row; ``rise`` passes make it healthy again.
- Pending is no failure while its patience lasts; unknown is never one, and raises an alert when it lasts.
- A resource fails when one of its probes does; it is healthy when all have passed since they were last reset.
- What follows from a failure is not decided here: settling looks at what is failed and unattended.
- Evidence about another generation than the current one is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping

from dpe.policy import restarts, sights
from dpe.policy.altering import replace
from dpe.policy.turn import Turn
from pcloud.model.actions import ProbeAgain
from pcloud.model.events import (
    OutsideDoubted,
    ProbeBroken,
    ProbeFailed,
    ProbeMissed,
    ProbePassed,
    ProbePending,
    ProbeReported,
    ProbeUnknown,
)
from pcloud.model.plan import ResourcePlan
from pcloud.model.state import DeployableState, ProbeState, ResourceState
from pcloud.model.words import Health, Origin, Verdict

FAILING = frozenset({Verdict.FAILED, Verdict.BROKEN})
RECOVERING = frozenset({Verdict.PASSED, Verdict.BROKEN})  # where one pass is enough
UNTROUBLED = frozenset({Verdict.PASSED, Verdict.UNKNOWN})
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
    if event.restarts is not None and event.restarts != resource.restarts:
        return False
    probe = resource.probes.get(event.probe)
    return probe is not None and probe.verdict is Verdict.PASSED and probe.misses == 0


def on_probe(turn: Turn, event: ProbeReported) -> None:
    """Take in one probe result."""
    plan = turn.resource_plan(event.assembly, event.resource)
    state = turn.resource(event.assembly, event.resource)
    old = state.probes.get(event.probe)
    if turn.root.doubted and isinstance(event, ProbeMissed | ProbeFailed) and speaks_for_itself(plan, event.probe):
        new = doubted(old, event.at, turn.root.doubted)
    else:
        new = judged(old, event, *thresholds(plan, event.probe))
    if not isinstance(event, ProbePassed | ProbeBroken):
        conclude(turn, event.assembly, event.resource, {**state.probes, event.probe: new})
        return
    if new != old:
        turn.update_resource(event.assembly, event.resource, probes={**state.probes, event.probe: new})
    if isinstance(event, ProbePassed) and speaks_for_itself(plan, event.probe):
        sights.on_passing_sight(turn, event.assembly, f"check {event.probe} of {event.resource} from the controller")
    if isinstance(event, ProbePassed) and new.verdict is not Verdict.PASSED:
        turn.order(ProbeAgain(event.assembly))  # a pass is told only when it is news: the next of ``rise`` must be asked for
    if new.verdict is Verdict.PASSED and old is not None and old.verdict is Verdict.BROKEN:
        restarts.unblock(turn, event.assembly, event.resource)
    if isinstance(event, ProbePassed) and event.restarts is not None:
        restarts.on_own_restart(turn, event.assembly, event.resource, event.restarts)
    if isinstance(event, ProbeBroken):
        restarts.block(turn, event.assembly, event.resource, event.reason)
    conclude(turn, event.assembly, event.resource)


def doubted(old: ProbeState | None, at: float, numbers: str) -> ProbeState:
    """A check from the controller that fails while its own way out is in doubt is unknown (policy.md section 5, outside checks).

    That it missed is kept: the guards must see that it still does.
    """
    since = old.since if old is not None and old.verdict is Verdict.UNKNOWN else at
    return ProbeState(Verdict.UNKNOWN, misses=1, since=since, reason=f"our own way out is in doubt: {numbers}")


def on_outside_doubted(turn: Turn, event: OutsideDoubted) -> None:
    """The controller doubts its own way out, or does no longer: what such checks have missed is unknown, and looked at anew."""
    numbers = (event.numbers or "checks from the controller fail everywhere") if event.doubted else ""
    turn.update_root(doubted=numbers)
    for name, state in turn.assemblies.items():
        again = False
        for resource, each in state.resources.items():
            plan = turn.resource_plan(name, resource)
            missed = [key for key, probe in each.probes.items() if probe.misses and speaks_for_itself(plan, key)]
            if not missed:
                continue
            again = True
            unknown = {key: doubted(each.probes[key], turn.at, numbers) if numbers else ProbeState(since=turn.at) for key in missed}
            turn.update_resource(name, resource, probes={**each.probes, **unknown})
            conclude(turn, name, resource)
        if again:
            turn.order(ProbeAgain(name))


def thresholds(plan: ResourcePlan, probe: str) -> tuple[int, int]:
    """``fall`` and ``rise`` of a probe; the agent's own monitor has the defaults of policy.md section 1."""
    for check in plan.checks:
        if check.key == probe:
            return check.fall, check.rise
    return 3, 1


def speaks_for_itself(plan: ResourcePlan, probe: str) -> bool:
    """Whether a pass is an answer of the service seen from the controller: a passing sight (section 4).

    Never a bare TCP connect: what is checked from the controller passes by an answer only, tcp too.
    """
    return any(check.key == probe and check.origin is Origin.CONTROLLER for check in plan.checks)


def judged(old: ProbeState | None, event: ProbeReported, fall: int, rise: int) -> ProbeState:
    """The probe's standing after one more result. A verdict that is not reached yet leaves the standing one.

    One pass is enough after a hard error (section 1), whatever ``rise`` says. One unknown between misses does not end their row; two do.
    """
    before = old if old is not None else ProbeState(since=event.at)
    match event:
        case ProbePassed():
            passes = min(before.passes + 1, rise)
            if passes >= rise or before.verdict in RECOVERING:
                return turned(before, event, Verdict.PASSED, 0, passes)
            return replace(before, misses=0, passes=passes)
        case ProbeMissed():
            misses = min(before.misses + 1, fall)
            if misses >= fall:
                return turned(before, event, Verdict.FAILED, misses, 0)
            told = event.reason if before.verdict in UNTROUBLED else before.reason
            return replace(before, misses=misses, passes=0, reason=told)
        case ProbeFailed():
            return turned(before, event, Verdict.FAILED, before.misses, 0)
        case ProbeBroken():
            return turned(before, event, Verdict.BROKEN, before.misses, 0)
        case ProbePending(patience=patience):
            return replace(turned(before, event, Verdict.PENDING, 0, 0), patience=patience)
        case ProbeUnknown():
            misses = 0 if before.verdict is Verdict.UNKNOWN else before.misses
            return turned(before, event, Verdict.UNKNOWN, misses, before.passes)
        case _:
            raise TypeError(event)


def turned(before: ProbeState, event: ProbeReported, verdict: Verdict, misses: int, passes: int) -> ProbeState:
    """The standing with these numbers; a verdict that goes on keeps the moment at which it began."""
    since = before.since if verdict is before.verdict else event.at
    return ProbeState(verdict, misses, passes, since, "" if verdict is Verdict.PASSED else event.reason)


def conclude(turn: Turn, assembly: str, resource: str, probes: Mapping[str, ProbeState] | None = None) -> None:
    """Make the resource's health what its probes say; one that has turned healthy ends what was on its way for it.

    With ``probes`` these become its own in the same write.
    """
    state = turn.resource(assembly, resource)
    probes = state.probes if probes is None else probes
    health, reason = health_of(turn, turn.resource_plan(assembly, resource), state, probes)
    if health is state.health and (reason == state.reason or health is not Health.FAILED):
        turn.update_resource(assembly, resource, probes=probes)
        return
    turned_at = turn.at if health is not state.health else state.since
    turn.update_resource(assembly, resource, probes=probes, health=health, reason=reason, since=turned_at, alerted=False)
    if health is not state.health and health is Health.HEALTHY:
        restarts.on_health(turn, assembly, resource)


def health_of(turn: Turn, plan: ResourcePlan, state: ResourceState, probes: Mapping[str, ProbeState]) -> tuple[Health, str]:
    """What the probes come to. Without fresh evidence from all of them an undoubted health stands."""
    standing = probes.values()
    for probe in standing:
        if probe.verdict in FAILING:
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
