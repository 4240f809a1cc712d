"""Which rungs of the ladder there are for an assembly, and which one comes next (policy.md section 3).

Rules:
- No rung above the ceiling: ``allow``, or relaunch as long as this generation was never up (nothing can live on its disk yet); reboot
  where the machine was there before us.
"""

from __future__ import annotations

from pcloud.model.plan import AssemblyPlan
from pcloud.model.state import AssemblyState
from pcloud.model.words import LADDER, Rung


def ceiling(plan: AssemblyPlan, state: AssemblyState) -> Rung:
    """The highest rung that may be tried. Relocation has no action yet: the ladder ends below it."""
    if plan.static or state.adopted:
        return lower(plan.recovery.allow, Rung.REBOOT)
    named = lower(plan.recovery.allow, Rung.RELAUNCH_DEPLOYABLE)
    return named if state.proven or named.height > Rung.RELAUNCH.height else Rung.RELAUNCH


def lower(one: Rung, other: Rung) -> Rung:
    """The lower of two rungs."""
    return one if one.height <= other.height else other


def next_rung(rung: Rung) -> Rung:
    """The rung above."""
    return LADDER[min(rung.height + 1, len(LADDER) - 1)]


def following(plan: AssemblyPlan, state: AssemblyState, rung: Rung, count: int) -> str:
    """What the next failure at this rung would do."""
    settings = plan.recovery.rung(rung)
    if settings.failures == 0 or count + 1 < settings.failures:
        return f"{rung} again"
    above = next_rung(rung)
    return str(above) if above.height <= ceiling(plan, state).height else "exhausted"


def tried(state: AssemblyState, rung: Rung) -> tuple[float, ...]:
    """When a rung's own action was last begun, if it ever was."""
    last = state.reboot_tried if rung is Rung.REBOOT else state.relaunch_tried
    return () if last is None else (last,)
