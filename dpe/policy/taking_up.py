"""The moment at which an assembly begins to live by the spec's plan instead of its older one.

Rules: at once, whole, and before anything is done by the new plan. Services that the new plan does not have, or has otherwise, are kept in
``former`` until they are stopped by their own plan; a new machine has none.
"""

from __future__ import annotations

from dpe.policy import differing, settings
from dpe.policy.altering import replace
from dpe.policy.turn import Turn
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, ResourcePlan
from pcloud.model.state import AssemblyState, ResourceState
from pcloud.model.words import Effect

IN_PLACE = frozenset({Effect.NOTHING, Effect.RECONNECT, Effect.RESTART, Effect.CONFIGURE})
"""What the machine that is there can be made to fit."""


def take_up(turn: Turn, name: str) -> None:
    """Live by the spec's plan from now on; nothing happens where it does, or has left the spec."""
    old, new = turn.plan_of(name), turn.target_of(name)
    if new is None or not turn.lives_by_older(name):
        return
    former = still_running(turn[name].former, differing.stopped(old, new))
    turn.update(name, former=former if turn[name].instance is not None else (), change_at=None)
    settings.replan(turn, tuple(each for each in turn.root.outgoing if each.name != name))
    fitted = settings.fit(turn[name], turn.plan_of(name))
    renewed = {each: ResourceState(since=turn.at) for each in differing.started(old, new)}
    turn.update(name, resources={**fitted.resources, **renewed}, instance=logged_in_as(fitted, new))


def take_up_in_place(turn: Turn, name: str) -> None:
    """The same where the machine need not be another one: it is on its way up, and is configured and started by what it lives by now."""
    new = turn.target_of(name)
    if turn.root.outgoing and new is not None and differing.effect(turn.plan_of(name), new, adopted=turn[name].adopted) in IN_PLACE:
        take_up(turn, name)


def still_running(known: tuple[ResourcePlan, ...], more: tuple[ResourcePlan, ...]) -> tuple[ResourcePlan, ...]:
    """The services that may run by plans of before: those of a change that did not come to its end, too."""
    return (*known, *(each for each in more if each not in known))


def logged_in_as(state: AssemblyState, plan: AssemblyPlan) -> Instance | None:
    """The instance with what a static machine's plan says about logging in; an adopted one is logged in to as it was found."""
    instance = state.instance
    if instance is None or not plan.static:
        return instance
    return replace(instance, user=plan.monitor.user, port=plan.monitor.port, host_key=plan.monitor.host_key)
