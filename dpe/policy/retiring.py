"""What becomes of instances that were fenced and replaced (policy.md section 6): some stay for a while, stopped; the others are deleted.

Rules:
- The newest ``keep_failed`` stay for 24 h each, so that somebody can look at what failed; of one that was gone already nothing is kept.
- A twin that is off stays for 24 h beside them: it may have done something, and what failed is worth more.
- The others are discarded one at a time, oldest first, once the new one is up; all of them when the deployable is stopped.
- A launch that is refused deletes them all and is tried once more: they may be what stands in its way.
"""

from __future__ import annotations

from dpe.policy import bringup, gates
from dpe.policy.lifecycle import DESTROY, TRY_AGAIN
from dpe.policy.turn import Turn
from pcloud.model.actions import DiscardInstance
from pcloud.model.state import AssemblyState, Retired
from pcloud.model.words import Desired, Stage

KEPT = 86400.0  # policy.md section 6: "for 24 h"


def discard(turn: Turn, name: str) -> None:
    """Delete the next retired instance that is not to be kept."""
    state = turn[name]
    if not state.retired or state.discard is not None or (state.discard_at is not None and turn.at < state.discard_at):
        return
    surplus = discardable(turn, name)
    if surplus:
        action = DiscardInstance(turn.next_id(), name, surplus[0].instance_id, surplus[0].infrastructure, DESTROY)
        turn.update(name, discard=action)
        turn.order(action)


def discardable(turn: Turn, name: str) -> tuple[Retired, ...]:
    """Those that may be deleted now, in their order."""
    state, keep = turn[name], turn.plan_of(name).recovery.keep_failed
    if turn.desired is Desired.STOPPED or turn.leaves(name) or makes_room(state):
        return state.retired
    if state.stage is not Stage.UP:
        return ()
    kept = worth_keeping(state, keep, turn.at)
    return tuple(each for each in state.retired if each not in kept)


def worth_keeping(state: AssemblyState, keep: int, at: float) -> tuple[Retired, ...]:
    """Those that stay until their time is over, whatever becomes of the others."""
    young = [each for each in state.retired if keep and not each.gone and at < each.at + KEPT]
    failed = [each for each in young if not each.twin][-keep:]
    return tuple(each for each in young if each.twin or each in failed)


def alarms(state: AssemblyState) -> list[float | None]:
    """When they are to be deleted."""
    return [each.at + KEPT for each in state.retired]


def discard_failed(turn: Turn, action: DiscardInstance, reason: str) -> None:
    """The deletion failed: it stays in the row, and is tried again later."""
    if turn[action.assembly].discard_at is None:  # said once, however often it is tried
        turn.report("failed", f"discarding {action.instance_id} failed: {reason}; again every 30s", assembly=action.assembly, alert=True)
    turn.update(action.assembly, discard=None, discard_at=turn.at + TRY_AGAIN)


def discarded(turn: Turn, action: DiscardInstance) -> None:
    """A retired instance is deleted."""
    retired = tuple(each for each in turn[action.assembly].retired if each.instance_id != action.instance_id)
    turn.update(action.assembly, discard=None, discard_at=None, retired=retired)


def take_in(turn: Turn, name: str, retired: Retired) -> None:
    """It is off, and nobody's: it waits in the row, if it does not already."""
    if all(each.instance_id != retired.instance_id for each in turn[name].retired):
        turn.update(name, retired=(*turn[name].retired, retired))


def make_room(turn: Turn, name: str, reason: str) -> None:
    """A launch was refused: delete what is kept of the assembly, and try once more (policy.md section 1, quota)."""
    turn.report("room", f"{reason}: deleting the replaced instance, then once more", assembly=name)
    turn.update(name, action=None, reason=reason)


def makes_room(state: AssemblyState) -> bool:
    """Whether a refused launch waits for its predecessors' deletion, or comes next."""
    return state.stage is Stage.LAUNCHING and state.action is None and state.recovery is not None and not gates.waits(state.recovery)


def launch_again(turn: Turn, name: str) -> None:
    """Room is made: the one retry."""
    if makes_room(turn[name]) and not turn[name].retired:
        bringup.launch(turn, name)
