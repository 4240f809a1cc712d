"""What must hold of every step (policy.md section 9): one list, for the property tests and for the running daemon.

Rules: pure; each check looks at a step from outside, by what was before, what came out, and what was ordered, and knows nothing of the
rules that led there. What it returns is a bug of the policy, in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from pcloud.model.actions import (
    Action,
    AskPermit,
    ConfigureAssembly,
    DestroyInstance,
    DiscardInstance,
    FenceInstance,
    LaunchInstance,
    Order,
    RebootAssembly,
    Report,
    RestartResource,
    StartResources,
    StopResources,
    StopTwin,
)
from pcloud.model.state import AssemblyState, DeployableState, Recovery
from pcloud.model.words import Desired, Phase, Rung

WAITING = frozenset({Phase.DELAYED, Phase.APPROVAL, Phase.ASKING})
IN_GUEST = (RestartResource, StartResources, StopResources, ConfigureAssembly)
BEGINNINGS = (RestartResource, RebootAssembly, FenceInstance)
"""The actions with which a recovery begins; what follows them (launch, configure, start) is a part of it."""


def broken(before: DeployableState, after: DeployableState, orders: Sequence[Order], at: float) -> tuple[str, ...]:
    """Every invariant that this step, taken at ``at``, breaks; empty if all hold."""
    if after is before:
        return ()
    found: list[str] = []
    for name, state in after.assemblies.items():
        found += (f"{name}: {each}" for each in generations(before.assemblies.get(name), state))
        found += (f"{name}: {each}" for each in in_flight(after, state))
    found += keeps_still(before, after, orders)
    found += only_observes(after, orders)
    found += begins_rightly(before, after, orders)
    found += gives_up_loudly(before, after, orders)
    found += wakes(after, at)
    return tuple(found)


def generations(before: AssemblyState | None, state: AssemblyState) -> Iterator[str]:
    """Never two live generations; never an action on another generation than the current one."""
    if before is not None and state.generation < before.generation and state.generation != 0:
        yield f"its generation went back from {before.generation} to {state.generation}"
    if state.instance is not None and state.instance.generation > state.generation:
        yield f"its instance is of generation {state.instance.generation}, which was never intended"
    for action in actions_of(state):
        if isinstance(action, LaunchInstance) and state.instance is not None:
            yield f"{action.id} launches generation {action.generation} beside {state.instance.id}"
        elif not is_current(state, action):
            yield f"{action.id} ({type(action).__name__}) is about another generation than the current one"

    for other in (state.discard, state.twin):
        if isinstance(other, DiscardInstance | StopTwin) and state.instance is not None and other.instance_id == state.instance.id:
            yield f"{other.id} ({type(other).__name__}) is about the current instance"


def actions_of(state: AssemblyState) -> Iterator[Action]:
    """All open intents of an assembly but those about other instances than the current one."""
    if state.action is not None:
        yield state.action
    for each in state.resources.values():
        if each.action is not None:
            yield each.action


def is_current(state: AssemblyState, action: Action) -> bool:
    """Whether an action is about the instance that the assembly runs on now, or is to run on."""
    match action:
        case LaunchInstance():
            return action.generation == state.generation
        case RebootAssembly() | FenceInstance():
            return action.instance == state.instance
        case DestroyInstance():
            return action.instance == state.instance
        case DiscardInstance() | StopTwin():
            return False
        case _:
            return state.instance is not None and action.generation == state.instance.generation


def in_flight(after: DeployableState, state: AssemblyState) -> Iterator[str]:
    """One action in flight per target; none on a resource while its assembly or the deployable is being recovered."""
    busy = acting(state.recovery) or acting(after.recovery) or state.action is not None
    for name, each in state.resources.items():
        if each.action is not None and busy:
            yield f"{each.action.id} is under way on {name} while the assembly or the deployable is being recovered"


def acting(recovery: Recovery | None) -> bool:
    """Whether a recovery has begun."""
    return recovery is not None and recovery.phase not in WAITING and not recovery.observed


def keeps_still(before: DeployableState, after: DeployableState, orders: Sequence[Order]) -> Iterator[str]:
    """Who is stale orders nothing, and opens no intent."""
    if not after.stale:
        return
    yield from (f"{order.id} is ordered by a stale controller" for order in orders if isinstance(order, get_args(Action)))
    yield from (f"{order} is asked by a stale controller" for order in orders if isinstance(order, AskPermit))
    for name, state in after.assemblies.items():
        old = before.assemblies.get(name, AssemblyState())
        known = [*actions_of(old), old.discard, old.twin]
        opened = [each for each in (*actions_of(state), state.discard, state.twin) if each is not None and each not in known]
        yield from (f"{each.id} is opened by a stale controller" for each in opened)


def only_observes(after: DeployableState, orders: Sequence[Order]) -> Iterator[str]:
    """Who must not trust itself asks for no permit, and orders nothing of what stands still; nothing stands still else."""
    if not after.observing:
        yield from (f"{name} stands still, and nobody only observes" for name, state in after.assemblies.items() if state.still)
        return
    yield from (f"{order} is asked by a controller that only observes" for order in orders if isinstance(order, AskPermit))
    for order in orders:
        if isinstance(order, get_args(Action)) and after.assemblies[order.assembly].still:
            yield f"{order.id} is ordered of {order.assembly}, which stands still"


def begins_rightly(before: DeployableState, after: DeployableState, orders: Sequence[Order]) -> Iterator[str]:
    """No recovery begins while paused, held or blocked, nor without a permit; manual commands aside."""
    known = {action.id for state in before.assemblies.values() for action in actions_of(state)}
    for order in orders:
        if not isinstance(order, BEGINNINGS) or order.id in known or after.desired is not Desired.RUNNING:
            continue
        state, old = after.assemblies[order.assembly], before.assemblies.get(order.assembly)
        recovery = recovery_of(after, state, order)
        if recovery is None or recovery.manual or old is None or goes_on(before, old, order):
            continue
        if recovery.observed:
            yield f"{order.id} acts on a decision that is observed only"
        if paused(after, order.assembly):
            yield f"{order.id} begins a {recovery.rung} of {order.assembly} while that is paused"
        if state.held or state.blocked or state.denied:
            yield f"{order.id} begins a {recovery.rung} of {order.assembly}, which is held, blocked or denied"
        if not permitted(after, recovery):
            yield f"{order.id} begins a {recovery.rung} of {order.assembly} without a permit"


def recovery_of(after: DeployableState, state: AssemblyState, order: Action) -> Recovery | None:
    """The recovery that an action begins."""
    if isinstance(order, RestartResource):
        return next((each.recovery for each in state.resources.values() if each.action is order), None)
    return after.recovery if state.recovery is not None and state.recovery.rung is Rung.RELAUNCH_DEPLOYABLE else state.recovery


def goes_on(before: DeployableState, old: AssemblyState, order: Action) -> bool:
    """Whether the recovery had begun before this step: then the action is a further part of it."""
    if isinstance(order, RestartResource):
        return False
    return acting(old.recovery) or acting(before.recovery)


def paused(state: DeployableState, assembly: str) -> bool:
    """Whether a pause names the assembly or all of them."""
    return any(pause.assembly in {"", assembly} for pause in state.pauses)


def permitted(after: DeployableState, recovery: Recovery) -> bool:
    """Whether the guards have let it begin."""
    return bool(recovery.permit) or (
        recovery.rung is Rung.RELAUNCH_DEPLOYABLE and after.recovery is not None and bool(after.recovery.permit)
    )


def gives_up_loudly(before: DeployableState, after: DeployableState, orders: Sequence[Order]) -> Iterator[str]:
    """Whatever becomes held, blocked or exhausted is an alert."""
    alerted = any(isinstance(order, Report) and order.alert for order in orders)
    if alerted:
        return
    for name, state in after.assemblies.items():
        old = before.assemblies.get(name)
        if old is None:
            continue
        for word in ("held", "blocked", "exhausted", "denied"):
            if getattr(state, word) and not getattr(old, word):
                yield f"{name} has become {word} without an alert"
        for resource, each in state.resources.items():
            was = old.resources.get(resource)
            if was is not None and ((each.blocked and not was.blocked) or (each.denied and not was.denied)):
                yield f"{name}/{resource} has become blocked or denied without an alert"


def wakes(after: DeployableState, at: float) -> Iterator[str]:
    """Whatever waits for time is woken in time: else nothing would end in bounded time. What is due already waits for a fact."""
    if after.stale:
        return
    waiting = [after.recovery, *(state.recovery for state in after.assemblies.values())]
    waiting += [each.recovery for state in after.assemblies.values() for each in state.resources.values()]
    for recovery in waiting:
        if recovery is None or recovery.until is None or recovery.until <= at:
            continue
        if after.wake_at is None or recovery.until < after.wake_at:
            yield f"a recovery ends at {recovery.until}, and nobody wakes before {after.wake_at}"
