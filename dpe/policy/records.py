"""What becomes of a decision (policy.md section 7): the one that stands about a target is kept, and its end names it and carries its id."""

from __future__ import annotations

from dpe.policy.places import Place
from dpe.policy.turn import Turn
from pcloud.model.actions import TAKEOVER, Decision, Report
from pcloud.model.state import AssemblyState, DeployableState, Recovery, ResourceState
from pcloud.model.words import Choice, Rung

VERIFIED = "verified"
"""With what the end of a recovery ends that was done and has helped."""

Target = AssemblyState | ResourceState | DeployableState


def stand(turn: Turn, place: Place, decision: str) -> None:
    """Remember the decision by which nothing is done about a target, or nothing more: what happens to it later belongs to that."""
    if place.resource:
        turn.update_resource(place.assembly, place.resource, decision=decision)
    elif place.assembly:
        turn.update(place.assembly, decision=decision)


def kept(state: ResourceState) -> str:
    """The decision that goes on standing about a resource when what is on its way for it ends: by which it is blocked or denied."""
    return state.decision if state.blocked or state.denied else ""


def recovered(turn: Turn, place: Place, decision: str, how: str, *, rule: str = "section 3.3", rung: Rung | None = None) -> None:
    """Record that a target is well again, and which decision ends with that."""
    evidence = (decision,) if decision else ()
    record = Decision(turn.next_id(), Choice.RECOVERED, rule, rung=rung, evidence=evidence)
    turn.decide(record, how, assembly=place.assembly, resource=place.resource, of=decision)


def is_trust(report: Report) -> bool:
    """Whether a line of the journal shows that this controller can be trusted: a recovery of its has verified, or somebody took over."""
    verified = report.record is not None and report.record.choice is Choice.RECOVERED and report.reason.endswith(VERIFIED)
    return verified or report.kind == TAKEOVER


def withdrawn(turn: Turn, place: Place, recovery: Recovery | None, why: str) -> None:
    """Record that what was decided is not done: its failure has another cause."""
    if recovery is not None:
        turn.report("withdrawn", why, assembly=place.assembly, resource=place.resource, decision=recovery.decision)


def verified(turn: Turn, assembly: str) -> None:
    """An assembly is up: record what that ends. A first start is no recovery, and a part of the whole ends with the whole."""
    state = turn[assembly]
    recovery = state.recovery
    if recovery is None:
        if state.blocked or state.exhausted or state.denied:
            recovered(turn, Place(assembly), state.decision, "recovered by itself")
    elif recovery.decision and recovery.reason and recovery.rung is not Rung.RELAUNCH_DEPLOYABLE:
        how = f"configured again, and {VERIFIED}" if recovery.rung is Rung.RESTART else f"{recovery.rung} {VERIFIED}"
        how = f"it is what the spec says, and {VERIFIED}" if recovery.reload else how
        recovered(turn, Place(assembly), recovery.decision, how, rung=recovery.rung)


def decision_of(now: Target, before: Target) -> str:
    """The decision that a change of a target belongs to: its recovery's, that which stands about it, or those of before the step."""
    for state in (now, before):
        if state.recovery is not None and state.recovery.decision:
            return state.recovery.decision
        if not isinstance(state, DeployableState) and state.decision:
            return state.decision
    return ""
