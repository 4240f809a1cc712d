"""A controller that has been overtaken (policy.md section 6): a higher generation than ours proves that somebody else has gone on.

Rules:
- Then nothing is ordered any more, by whomever it is asked for: what we know is old, and what we would stop or delete may be what runs.
  Open intents stay in the state as they are, and nobody performs them.
- It ends by somebody's ``takeover`` alone, however often the controller is started. From then on we count from the highest generation that
  was seen, and go on as after a restart: whatever was seen meanwhile is known no more, and every clock starts again.
"""

from __future__ import annotations

from dpe.policy import bringup, places, resuming
from dpe.policy.turn import Turn
from pcloud.model.actions import Decision, DestroyInstance, LaunchInstance, ReturnPermit
from pcloud.model.events import ControllerResumed, Event, InstanceListed, OperatorSaid
from pcloud.model.state import AssemblyState, DeployableState
from pcloud.model.words import Choice, Desired, Phase

HELD = "stale: somebody else has gone on with this deployable"


def freeze(turn: Turn, event: InstanceListed) -> None:
    """Do nothing from now on."""
    ours = turn[event.assembly].generation
    reason = (
        f"{event.instance_id} of {event.assembly} is of generation {event.generation}, and ours is {ours}: "
        "another controller, or a later state of this one, looks after it"
    )
    for place, recovery in places.recoveries(turn.so_far()):
        if recovery.phase is Phase.ASKING:
            turn.order(ReturnPermit(place.assembly, recovery.permit))
    for name in turn.assemblies:
        turn.update(name, held=HELD)
    turn.update(event.assembly, claimed=event.generation)
    turn.update_root(stale=reason)
    turn.decide(
        Decision(turn.next_id(), Choice.FREEZE, "section 6", evidence=(reason,), next="nothing at all, until somebody says takeover"),
        f"{reason}: nothing is done any more",
        assembly=event.assembly,
        alert=True,
    )


def take_in(turn: Turn, event: Event) -> None:
    """What still counts while nothing is done."""
    match event:
        case OperatorSaid():
            turn.report("refused", refusal(turn.root))
        case ControllerResumed():
            turn.update_root(observing=event.doubt or turn.root.observing)
            turn.report("resumed", f"the controller has started, and still does nothing: {turn.root.stale}", alert=True)
        case InstanceListed() if event.assembly in turn.assemblies and event.generation > turn[event.assembly].generation:
            turn.update(event.assembly, claimed=max(event.generation, turn[event.assembly].claimed))
        case _:
            pass


def refusal(state: DeployableState) -> str:
    """Why nothing that is asked for can be done, in words."""
    return f"{state.name} is frozen: {state.stale}; takeover ends it"


def take_over(turn: Turn) -> None:
    """Somebody answers for it that this controller is the one."""
    turn.update_root(stale="")
    overtaken = [name for name, state in turn.assemblies.items() if isinstance(state.action, LaunchInstance) and state.claimed]
    for name, state in turn.assemblies.items():
        turn.update(name, held="", generation=max(state.generation, state.claimed), claimed=0, **reopened(turn, state))
    resuming.take_up(turn)
    for name in overtaken:
        if turn.desired is Desired.RUNNING:
            bringup.launch(turn, name)


def reopened(turn: Turn, state: AssemblyState) -> dict[str, object]:
    """Intents that name a generation which is not the highest any more are closed, to be ordered anew."""
    if not state.claimed:
        return {}
    if isinstance(state.action, LaunchInstance):
        return {"action": None}
    return {"action": None, "until": turn.at} if isinstance(state.action, DestroyInstance) else {}
