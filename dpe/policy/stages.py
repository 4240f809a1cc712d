"""Going from stage to stage: each has one time, and while an action of it runs none but the action's own."""

from __future__ import annotations

from dpe.policy.turn import Turn
from pcloud.model.actions import Action
from pcloud.model.state import AssemblyState
from pcloud.model.words import Rung, Stage

RESTING = frozenset({Stage.ABSENT, Stage.WAITING, Stage.UP})


def enter(turn: Turn, assembly: str, stage: Stage, *, until: float | None = None, reason: str = "") -> None:
    """Go to a stage. ``until`` is the end of its time."""
    turn.update(assembly, stage=stage, since=turn.at, until=until, reason=reason)


def act(turn: Turn, assembly: str, action: Action) -> None:
    """Open an intent for the assembly and order it. While it is open the stage has no other time than the action's own.

    Where the assembly stands still it is opened only: whoever takes it up orders it.
    """
    turn.update(assembly, action=action, until=None)
    if not turn[assembly].still:
        turn.order(action)


def abandoned(state: AssemblyState) -> bool:
    """Whether it is on its way up with nothing going on for it: what failed there was only observed, and nothing tells that it fails."""
    if state.stage in RESTING or state.blocked or state.denied or state.exhausted:
        return False
    return state.action is None and state.recovery is None and state.until is None


def verify_time(turn: Turn, assembly: str) -> float:
    """Seconds to verify in, by the rung of the recovery under way."""
    plan, recovery = turn.plan_of(assembly), turn[assembly].recovery
    rung = recovery.rung if recovery is not None else Rung.RELAUNCH
    return plan.recovery.rung(Rung.REBOOT if rung is Rung.RESTART else rung).verify
