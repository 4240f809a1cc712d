"""What became of the actions: each answer closes its open intent and leads on.

Rules: an answer whose id is not open (overtaken by a stop, or by a new recovery) changes nothing.
"""

from __future__ import annotations

from dpe.policy import bringup, evidence, fencing, lifecycle, restarts, retiring, settings, twins, verifying
from dpe.policy.turn import Turn
from pcloud.model.actions import (
    Action,
    ConfigureAssembly,
    Decision,
    DestroyInstance,
    DiscardInstance,
    FenceInstance,
    LaunchInstance,
    RebootAssembly,
    RestartResource,
    StartResources,
    StopResources,
    StopTwin,
)
from pcloud.model.events import ActionDone, ActionFailed, ActionRefused, InstanceLaunched
from pcloud.model.words import Choice, Desired, Stage


def find(turn: Turn, action_id: str) -> tuple[str, str, Action] | None:
    """The assembly, the resource ("" for the assembly itself) and the open action of that id."""
    for name, state in turn.assemblies.items():
        for open_action in (state.action, state.discard, state.twin):
            if open_action is not None and open_action.id == action_id:
                return name, "", open_action
        for resource, each in state.resources.items():
            if each.action is not None and each.action.id == action_id:
                return name, resource, each.action
    return None


def on_done(turn: Turn, event: ActionDone) -> None:
    """An action is done."""
    found = find(turn, event.action)
    if found is None:
        return
    name, resource, action = found
    match action:
        case RestartResource():
            restarts.on_done(turn, name, resource)
        case ConfigureAssembly(parameters=parameters):
            bringup.configured(turn, name, parameters)
        case StartResources():
            turn.update(name, former=())
            verifying.verify(turn, name)
        case RebootAssembly():
            bringup.rebooted(turn, action, event.tail)
        case FenceInstance():
            fencing.on_fenced(turn, name, event)
        case LaunchInstance():
            on_launched(turn, name, event)
        case StopResources():
            lifecycle.destroy(turn, name)
        case DestroyInstance():
            settings.clear_assembly(turn, name)
        case DiscardInstance():
            retiring.discarded(turn, action)
        case StopTwin():
            twins.stopped(turn, action)


def on_launched(turn: Turn, name: str, event: ActionDone) -> None:
    """The instance is there; one that nobody wants any more is remembered all the same, so that it is taken down."""
    if not isinstance(event, InstanceLaunched):
        raise TypeError(f"the answer to a launch must name the instance: {event}")
    bringup.launched(turn, name, event.instance)


def on_failed(turn: Turn, event: ActionFailed) -> None:
    """An action has failed, or its time ran out."""
    found = find(turn, event.action)
    if found is None:
        return
    name, resource, action = found
    match action:
        case RestartResource():
            restarts.on_action_failed(turn, name, resource, event)
        case StopResources():
            turn.report("failed", f"stopping its services failed: {event.reason}; destroying it all the same", assembly=name)
            lifecycle.destroy(turn, name)
        case DestroyInstance():
            lifecycle.destroy_failed(turn, name, event.reason)
        case DiscardInstance():
            retiring.discard_failed(turn, action, event.reason)
        case StopTwin():
            twins.stop_failed(turn, action, event.reason)
        case _:
            on_way_up_failed(turn, name, action, event)


def on_way_up_failed(turn: Turn, name: str, action: Action, event: ActionFailed) -> None:
    """A step of a launch, reboot or relaunch has failed."""
    if turn.desired is Desired.STOPPED:
        turn.update(name, action=None)
    elif isinstance(action, RebootAssembly) and turn[name].boot_id != action.boot_id:
        bringup.rebooted(turn, action)  # whatever the cloud says, it has been rebooted
    elif isinstance(action, LaunchInstance) and isinstance(event, ActionRefused) and turn[name].retired:
        retiring.make_room(turn, name, event.reason)
    elif isinstance(event, ActionRefused):
        on_refused(turn, name, action, event.reason)
    else:
        bringup.failed(turn, name, event.reason)


def on_refused(turn: Turn, name: str, action: Action, reason: str) -> None:
    """A hard error: trying again cannot help (section 1). Services that come up nevertheless end it."""
    stage, recovery = turn[name].stage, turn[name].recovery
    if turn[name].instance is None:
        stage = Stage.ABSENT
    elif isinstance(action, StartResources):
        stage = Stage.VERIFYING
        evidence.forget(turn, name, doubt=True)
    turn.update(name, action=None, recovery=None, until=None, stage=stage, blocked=reason, reason=reason)
    carried = recovery.decision if recovery is not None else ""
    rung = recovery.rung if recovery is not None else None
    made = Decision(
        turn.next_id(), Choice.BLOCK, "section 1", rung, evidence=(reason,), next="nothing until it is well, or somebody says retry"
    )
    decision = turn.decide(made, f"{reason}: blocked", assembly=name, alert=True, of=carried)
    turn.update(name, decision=carried or decision)
