"""Going from stage to stage: each has one time, and while an action of it runs none but the action's own."""

from __future__ import annotations

from dpe.policy.turn import Turn
from pcloud.model.actions import Action
from pcloud.model.words import Rung, Stage


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


def verify_time(turn: Turn, assembly: str) -> float:
    """Seconds to verify in, by the rung of the recovery under way."""
    plan, recovery = turn.plan_of(assembly), turn[assembly].recovery
    rung = recovery.rung if recovery is not None else Rung.RELAUNCH
    return plan.recovery.rung(Rung.REBOOT if rung is Rung.RESTART else rung).verify
