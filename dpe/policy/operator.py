"""What an operator says: start and stop, one rung's action on one target now, a pause, a yes or a no, begin again, it is dead.

Rules: manual commands pass every hold and ceiling, never the fence, and never a second action on a target that has one in flight.
"""

from __future__ import annotations

from dpe.policy import adopting, approvals, bringup, fencing, forgiving, gates, lifecycle, pauses, restarts, stale, takeover
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from pcloud.model.actions import Decision
from pcloud.model.events import (
    ApprovalGiven,
    CleanupAsked,
    DeathConfirmed,
    InstanceAdopted,
    OperatorAsked,
    OperatorSaid,
    PauseAsked,
    RecoveryAsked,
    ResumeAsked,
    RetryAsked,
    TakeoverAsked,
)
from pcloud.model.plan import AssemblyPlan
from pcloud.model.state import AssemblyState, DeployableState, Recovery
from pcloud.model.words import Choice, Desired, Phase, Rung, Stage


def why_not(state: DeployableState, event: RecoveryAsked) -> str:
    """Why this cannot be done now, in words; empty if it can."""
    plan = state.plan.assembly(event.assembly) if state.plan is not None else None
    assembly = state.assemblies.get(event.assembly)
    if plan is None or assembly is None:
        return f"{state.name} has no assembly {event.assembly}"
    if state.desired is not Desired.RUNNING:
        return f"{state.name} is not started"
    if event.rung.height > Rung.RELAUNCH.height:
        return f"{event.rung} is not something that can be asked for"
    if event.rung is Rung.RELAUNCH and plan.static:
        return f"{event.assembly} is static: it was not launched by pcloud and cannot be relaunched"
    if event.rung is Rung.RELAUNCH and assembly.adopted:
        return f"{event.assembly} was adopted: it was not launched by pcloud and cannot be relaunched"
    if assembly.action is not None or any(each.action is not None for each in assembly.resources.values()):
        return f"an action on {event.assembly} is under way"
    if state.recovery is not None and not gates.waits(state.recovery):
        return f"{state.name} as a whole is being relaunched"
    if assembly.recovery is not None and not gates.waits(assembly.recovery) and not assembly.recovery.observed:
        return f"{event.assembly} is on its way up already ({assembly.stage})"
    if assembly.instance is None and event.rung is not Rung.RELAUNCH:
        return f"{event.assembly} has no instance now"
    if event.rung is Rung.RESTART:
        return why_not_restart(plan, assembly, event)
    return ""


def refusal(state: DeployableState, event: OperatorSaid) -> str:
    """Why a word makes no sense now; empty if it does. Asked before it is posted; ``step`` takes it in all the same."""
    if state.stale and not isinstance(event, TakeoverAsked):
        return stale.refusal(state)
    target = Place(getattr(event, "assembly", ""), getattr(event, "resource", ""))
    match event:
        case RecoveryAsked():
            return why_not(state, event)
        case ResumeAsked() if not any(not event.assembly or pause.assembly == event.assembly for pause in state.pauses):
            return f"{target.name or state.name} is not paused"
        case ApprovalGiven(approved=True) if not approvals.awaited(state, target):
            return f"nothing waits for approval at {target.name or state.name}"
        case ApprovalGiven(approved=False) if not approvals.waiting(state, target):
            return f"nothing waits for approval at {target.name or state.name}"
        case RetryAsked() if not forgiving.needed(state, target):
            return f"nothing is blocked, exhausted or denied at {target.name or state.name}"
        case DeathConfirmed():
            return fencing.unconfirmable(state, event.assembly)
        case InstanceAdopted():
            return adopting.refusal(state, event)
        case TakeoverAsked() if not takeover.needed(state):
            return f"{state.name} is neither frozen nor only observed: there is nothing to take over"
        case _:
            return ""


def why_not_restart(plan: AssemblyPlan, assembly: AssemblyState, event: RecoveryAsked) -> str:
    """What stands against restarting one resource."""
    resource = plan.resource(event.resource)
    if resource is None or event.resource not in assembly.resources:
        return f"{event.assembly} has no resource {event.resource}"
    if not restarts.restartable(resource):
        return f"{event.assembly}/{event.resource} is a check alone, and names nothing that it restarts"
    if assembly.stage is not Stage.UP:
        return f"{event.assembly} is not up"
    if not assembly.contact:
        return f"there is no contact with {event.assembly}"
    return ""


def on_said(turn: Turn, event: OperatorSaid) -> None:
    """Take in an operator's word."""
    match event:
        case OperatorAsked(desired=desired):
            lifecycle.ask(turn, desired)
        case RecoveryAsked():
            on_asked(turn, event)
        case PauseAsked():
            pauses.on_asked(turn, event)
        case ResumeAsked():
            pauses.on_resume(turn, event)
        case ApprovalGiven():
            approvals.on_given(turn, event)
        case RetryAsked():
            forgiving.on_retry(turn, event)
        case CleanupAsked():
            forgiving.on_cleanup(turn, event)
        case DeathConfirmed() if event.assembly in turn.assemblies:
            fencing.on_confirmed(turn, event)
        case InstanceAdopted():
            adopting.on_adopted(turn, event)
        case TakeoverAsked():
            turn.report("refused", refusal(turn.root, event))
        case _:
            pass


def on_asked(turn: Turn, event: RecoveryAsked) -> None:
    """Do it, unless something has come up since it was asked for."""
    refusal = why_not(turn.so_far(), event)
    if refusal:
        turn.report("refused", refusal, assembly=event.assembly, resource=event.resource)
        return
    decision = turn.decide(
        Decision(turn.next_id(), Choice.ACT, "manual", action=event.rung),
        f"the operator asked for a {event.rung}",
        assembly=event.assembly,
        resource=event.resource,
    )
    recovery = Recovery(event.rung, Phase.ACTING, None, decision, reason="asked for by the operator", manual=True)
    if event.rung is Rung.RESTART:
        restarts.begin(turn, event.assembly, event.resource, recovery)
        return
    bringup.begin(turn, event.assembly, recovery)
