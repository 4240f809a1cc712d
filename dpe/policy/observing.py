"""A controller that must not trust itself only observes (policy.md section 6): its store was moved or restored, or it dies again and again.

Rules:
- The mode of every target is ``observe`` while it lasts, whatever the spec says; what is asked for by hand passes, as it passes the mode.
- What waited (for its delay, for a yes, for the guards) is observed as well; its permits go back.
- What was under way stands still: what is open is only asked about, and what follows from an answer is opened, not ordered. Somebody's
  start, stop, retry or action on it takes it up.
- It lasts across restarts and ends by somebody's ``takeover`` alone. What was only observed was never tried: its ladder begins anew.
"""

from __future__ import annotations

from dpe.policy import bringup, gates, places, records, stages
from dpe.policy.altering import replace
from dpe.policy.turn import Turn
from pcloud.model.actions import Action, Decision
from pcloud.model.state import AssemblyState, DeployableState
from pcloud.model.words import Choice, Desired, Phase, Rung, Stage

ENDS = "nothing by itself, until somebody says takeover"
STANDS = "it stands still until somebody says takeover"


def begin(turn: Turn, reason: str) -> None:
    """Only observe from now on."""
    turn.update_root(observing=reason)
    for place, recovery in places.recoveries(turn.so_far()):
        if not place.resource and recovery.rung is Rung.RESTART and gates.waits(recovery) and not recovery.reload:
            places.write(turn, place, None)  # a parameter has changed: found again after the takeover, and never taken as done before it
            records.withdrawn(turn, place, recovery, f"{recovery.reason}: not before somebody says takeover")
        elif recovery.phase in {Phase.APPROVAL, Phase.ASKING}:  # none of them is by hand: those wait for nobody
            waits = replace(recovery, phase=Phase.DELAYED, until=turn.at, permit="", guards=(), held_since=None, alerted=False)
            places.write(turn, place, waits)
    for name, state in turn.assemblies.items():
        turn.update(name, still=under_way(turn, state))
    made = Decision(turn.next_id(), Choice.HOLD, "section 6.9", evidence=(reason,), next=ENDS)
    turn.update_root(doubt=turn.decide(made, f"{reason}: only observing from now on", alert=True))


def under_way(turn: Turn, state: AssemblyState) -> bool:
    """Whether anything goes on with an assembly: not where it is up, or down, as it should be."""
    whole = turn.root.recovery
    if opened(state) or (whole is not None and not gates.waits(whole) and not whole.observed):
        return True
    return state.stage is not (Stage.ABSENT if turn.desired is Desired.STOPPED else Stage.UP)


def opened(state: AssemblyState) -> list[Action]:
    """The open intents of an assembly, its resources' among them."""
    own = [each for each in (state.action, state.discard, state.twin) if each is not None]
    return own + [each.action for each in state.resources.values() if each.action is not None]


def open_actions(state: DeployableState, *, still: bool) -> list[Action]:
    """Open intents, in the plan's order: those to be performed, or those of what stands ``still``; none for a stale controller."""
    assemblies = () if state.stale else state.assemblies.values()
    return [action for each in assemblies if each.still is still for action in opened(each)]


def settle(turn: Turn, name: str) -> None:
    """What has come up, or down, by itself stands still no more."""
    state = turn[name]
    there = state.stage is Stage.UP if turn.desired is Desired.RUNNING else state.stage is Stage.ABSENT
    if there and not opened(state) and name not in turn.root.to_fence:
        turn.update(name, still=False)


def keeps(turn: Turn, name: str) -> bool:
    """Whether what is kept of an assembly is left alone: all of it is, unless somebody has stopped the deployable since."""
    return bool(turn.root.observing) and (turn[name].still or turn.desired is Desired.RUNNING)


def take_up(turn: Turn, name: str) -> None:
    """Somebody wants it to go on: what is open is ordered, under its own id."""
    if turn[name].still:
        state = turn.update(name, still=False)
        for action in opened(state):
            turn.order(action)


def end(turn: Turn, *, order: bool) -> None:
    """Somebody answers for this controller. ``order``: what stood still is ordered at once, and not by whoever calls this."""
    if not turn.root.observing:
        return
    turn.update_root(observing="", doubt="")
    if turn.root.recovery is not None and turn.root.recovery.observed:
        turn.update_root(recovery=None, relaunches=())
    for name, state in turn.assemblies.items():
        begin_anew(turn, name, state)
        if order:
            take_up(turn, name)
        else:
            turn.update(name, still=False)


def begin_anew(turn: Turn, name: str, state: AssemblyState) -> None:
    """Drop what was only observed, and the windows that it filled."""
    for resource, each in state.resources.items():
        if each.exhausted or (each.recovery is not None and each.recovery.observed):
            turn.update_resource(name, resource, recovery=None, failures=(), exhausted=False, decision="")
    if state.exhausted or (state.recovery is not None and state.recovery.observed):
        turn.update(name, recovery=None, exhausted=False, decision="", reboots=(), relaunches=())
        for resource in state.resources:
            turn.update_resource(name, resource, failures=())
    if turn.desired is Desired.RUNNING and stages.abandoned(turn[name]):
        bringup.failed(turn, name, state.recovery.reason if state.recovery is not None else state.reason)


def still_observes(state: DeployableState) -> str:
    """What is said when a controller starts that goes on observing."""
    return f"the controller has started, and still only observes: {state.observing}"
