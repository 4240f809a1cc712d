"""Instances that run and should not (policy.md section 6): a late twin, a generation that was replaced.

Rules:
- Whatever a list shows is written down if it runs and is not the current instance; one of the generation that is being launched may
  become it, and is waited for.
- Each is stopped, one at a time, with an alert; a stop that fails is tried again for as long as it takes. Then it stays for 24 h, as what
  failed does, and is deleted: what a launch that was given up has left would else stay for ever.
- One that is found off, and that nobody knows, stays likewise; one that could not be built is deleted with the next.
- A pause is waited for, and ``observe`` only tells, once, for as long as it is seen to run. A stop of the deployable destroys them with
  everything else.
- A higher generation than ours is not a twin: we are stale.
"""

from __future__ import annotations

from dpe.policy import pauses, places, retiring, stale
from dpe.policy.altering import replace
from dpe.policy.lifecycle import TRY_AGAIN
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from pcloud.model.actions import Decision, DestroyInstance, LaunchInstance, StopTwin
from pcloud.model.events import InstanceListed
from pcloud.model.state import AssemblyState, Retired, Twin
from pcloud.model.words import AT_REST, Choice, Desired, InstanceStatus, Mode, Stage

STOP = 180.0  # as a fence has: an orderly shutdown may take 90 s, and is read until it shows


def on_listed(turn: Turn, event: InstanceListed) -> None:
    """Write down what a list has shown."""
    state = turn[event.assembly]
    if event.generation > state.generation:
        stale.freeze(turn, event)
        return
    known = any(each.instance_id == event.instance_id for each in state.twins)
    runs = event.status not in AT_REST and not is_current(state, event.instance_id)
    if runs and not known:
        twin = Twin(event.instance_id, event.infrastructure, event.generation)
        turn.update(event.assembly, twins=(*state.twins, twin))
    elif known and not runs:
        forget(turn, event.assembly, event.instance_id)
    if not runs:
        keep(turn, event)


def keep(turn: Turn, event: InstanceListed) -> None:
    """What is off and not ours to run waits for its deletion, unless an action is about just that, or nothing is to be done at all."""
    state, name = turn[event.assembly], event.assembly
    coming = isinstance(state.action, LaunchInstance) and event.generation == state.generation
    if is_current(state, event.instance_id) or coming or isinstance(state.action, DestroyInstance):
        return
    if event.status is not InstanceStatus.ABSENT and places.mode_of(turn, Place(name)) is not Mode.OBSERVE:
        broken = event.status is InstanceStatus.ERROR
        retired = Retired(event.instance_id, event.infrastructure, turn.at, broken, event.generation, twin=True)
        retiring.take_in(turn, name, retired)


def is_current(state: AssemblyState, instance_id: str) -> bool:
    """Whether the assembly runs on this very instance."""
    return state.instance is not None and state.instance.id == instance_id


def forget(turn: Turn, name: str, instance_id: str) -> None:
    """It does not run, or is ours."""
    turn.update(name, twins=tuple(each for each in turn[name].twins if each.instance_id != instance_id))


def stop(turn: Turn, name: str) -> None:
    """Stop the next one."""
    current = turn[name].instance
    if current is not None:
        forget(turn, name, current.id)
    state = turn[name]
    if state.twin is not None or (state.twin_at is not None and turn.at < state.twin_at):
        return
    if pauses.covering(turn, name) is not None or (turn.desired is Desired.STOPPED and state.stage is not Stage.ABSENT):
        return
    launching, observed = isinstance(state.action, LaunchInstance), places.mode_of(turn, Place(name)) is Mode.OBSERVE
    sure = [each for each in state.twins if (not launching or each.generation < state.generation) and not (observed and each.told)]
    if sure:
        begin(turn, name, sure[0])


def begin(turn: Turn, name: str, twin: Twin) -> None:
    """Order it, or where nothing is to be done only tell."""
    state = turn[name]
    current = state.instance
    so = f"beside {current.id} of generation {current.generation}" if current is not None else "and should not"
    found = f"{twin.instance_id} of generation {twin.generation} runs {so}"
    if places.mode_of(turn, Place(name)) is Mode.OBSERVE:
        turn.update(name, twins=tuple(replace(each, told=each.told or each == twin) for each in state.twins))
        turn.decide(
            Decision(turn.next_id(), Choice.HOLD, "section 6", evidence=(found,)),
            f"{found}: it would be stopped (observed only)",
            assembly=name,
            alert=True,
        )
        return
    action = StopTwin(turn.next_id(), name, twin.instance_id, twin.infrastructure, STOP)
    turn.update(name, twin=action)
    turn.order(action)
    if state.twin_at is None:  # said once, however often it is tried
        turn.decide(
            Decision(turn.next_id(), Choice.ACT, "section 6", evidence=(found,)), f"{found}: stopping it", assembly=name, alert=True
        )


def stopped(turn: Turn, action: StopTwin) -> None:
    """It is off, and stays for a while."""
    found = [each for each in turn[action.assembly].twins if each.instance_id == action.instance_id]
    forget(turn, action.assembly, action.instance_id)
    turn.update(action.assembly, twin=None, twin_at=None)
    for each in found:
        retired = Retired(each.instance_id, each.infrastructure, turn.at, generation=each.generation, twin=True)
        retiring.take_in(turn, action.assembly, retired)


def stop_failed(turn: Turn, action: StopTwin, reason: str) -> None:
    """It stays in the row, and is tried again later."""
    if turn[action.assembly].twin_at is None:
        turn.report("failed", f"stopping {action.instance_id} failed: {reason}; again every 30s", assembly=action.assembly, alert=True)
    turn.update(action.assembly, twin=None, twin_at=turn.at + TRY_AGAIN)
