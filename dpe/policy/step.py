"""One function decides: ``step(state, event) -> (state, actions, wake_at)`` (policy.md section 8).

Rules: pure, no clock, no I/O, no randomness, no logging; the same function runs in the daemon, in simulations, replays and tests.
An event about something that the plan does not hold, or about another generation than the current one, changes nothing; a list alone tells
of others. Who is stale takes in next to nothing, and does nothing.
"""

from __future__ import annotations

from dpe.policy import answers, beginning, changing, contact, gates, operator, probes, resuming, sights, silence, stale, takeover, twins
from dpe.policy.reporting import report_changes
from dpe.policy.settings import adopt_plan, drop_gone
from dpe.policy.settling import settle, wake_at
from dpe.policy.turn import Turn
from pcloud.model.actions import Order
from pcloud.model.events import (
    ActionDone,
    ActionFailed,
    AnchorAnswered,
    CloudAnswered,
    CloudUnreachable,
    ContactBlurred,
    ContactLost,
    ContactMade,
    ControllerResumed,
    ControllerStalled,
    Event,
    GuestStopping,
    InstanceListed,
    OperatorSaid,
    OutsideDoubted,
    PeerAnswered,
    PermitGranted,
    PermitHeld,
    ProbeReported,
    ProvisionFinished,
    SecretNoted,
    ServerAnswered,
    SettingsChanged,
    StopRecorded,
    TakeoverAsked,
    Ticked,
)
from pcloud.model.state import DeployableState

Step = tuple[DeployableState, tuple[Order, ...], float | None]


def step(state: DeployableState, event: Event) -> Step:
    """What follows from one event: the next state, what is to be done, and when to look again (None: not before the next event)."""
    if isinstance(event, ProbeReported) and probes.changes_nothing(state, event):
        return state, (), state.wake_at
    if isinstance(event, SettingsChanged):
        loaded = state.plan is None
        state = adopt_plan(state, event.plan)
        if loaded:  # its clocks stood still while nobody looked: ControllerResumed starts them again before anything is judged by them
            return state, (), state.wake_at
    if state.plan is None:
        return state, (), None
    turn = Turn(state, state.plan, event.at, event.wall)
    if isinstance(event, TakeoverAsked) and takeover.needed(state):
        takeover.on_asked(turn, event)
    else:
        (stale.take_in if state.stale else take_in)(turn, event)
    if turn.version == 0 and not turn.orders and not isinstance(event, SettingsChanged) and not due(state, event.at):
        return state, (), state.wake_at  # what was settled before is settled still
    if not turn.root.stale:
        settle(turn)
    drop_gone(turn)
    gates.give_back(turn, state)
    report_changes(turn, state)
    wake = wake_at(turn)
    return turn.finish(wake), tuple(turn.orders), wake


def due(state: DeployableState, at: float) -> bool:
    """Whether time alone may have changed something since the last step; a pause goes by wall time too, which may jump."""
    return (state.wake_at is not None and at >= state.wake_at) or bool(state.pauses)


def take_in(turn: Turn, event: Event) -> None:
    """Write down what the event says."""
    match event:
        case ProbeReported():
            probes.on_probe(turn, event)
        case SettingsChanged():
            changing.on_changed(turn)
        case Ticked():
            pass
        case OperatorSaid():
            operator.on_said(turn, event)
        case ControllerResumed():
            resuming.on_resumed(turn, event)
        case ControllerStalled():
            resuming.on_stalled(turn, event)
        case ActionDone():
            answers.on_done(turn, event)
        case ActionFailed():
            answers.on_failed(turn, event)
        case PermitGranted():
            beginning.on_granted(turn, event)
        case PermitHeld():
            gates.on_held(turn, event)
        case OutsideDoubted():
            probes.on_outside_doubted(turn, event)
        case _:
            take_in_sight(turn, event)


def take_in_sight(turn: Turn, event: Event) -> None:
    """Write down what somebody saw of an assembly."""
    match event:
        case ContactMade() if current(turn, event.assembly, event.generation):
            contact.on_made(turn, event)
        case ContactLost() if current(turn, event.assembly, event.generation):
            silence.on_lost(turn, event)
        case ContactBlurred() if current(turn, event.assembly, event.generation):
            contact.on_blurred(turn, event)
        case ProvisionFinished() if current(turn, event.assembly, event.generation):
            contact.on_provisioned(turn, event)
        case ServerAnswered() if current(turn, event.assembly, event.generation):
            sights.on_server(turn, event)
        case PeerAnswered() if current(turn, event.assembly, event.generation):
            sights.on_peer(turn, event)
        case AnchorAnswered() if current(turn, event.assembly, event.generation):
            sights.on_anchor(turn, event)
        case GuestStopping() if current(turn, event.assembly, event.generation):
            contact.on_stopping(turn, event)
        case SecretNoted() if event.assembly in turn.assemblies:
            turn.report("secret", event.reason, assembly=event.assembly, alert=event.alert)
        case _:
            take_in_cloud(turn, event)


def take_in_cloud(turn: Turn, event: Event) -> None:
    """Write down what the cloud said of a machine."""
    match event:
        case CloudAnswered() if mine(turn, event.assembly, event.instance_id):
            sights.on_cloud(turn, event)
        case CloudUnreachable() if mine(turn, event.assembly, event.instance_id):
            sights.on_cloud_unreachable(turn, event)
        case InstanceListed() if event.assembly in turn.assemblies:
            twins.on_listed(turn, event)
        case StopRecorded() if mine(turn, event.assembly, event.instance_id):
            contact.on_stop_recorded(turn, event)
        case _:
            pass


def current(turn: Turn, assembly: str, generation: int) -> bool:
    """Whether this is about the instance that the assembly runs on now."""
    state = turn.assemblies.get(assembly)
    return state is not None and state.instance is not None and state.instance.generation == generation


def mine(turn: Turn, assembly: str, instance_id: str) -> bool:
    """The same by the cloud's name for it."""
    state = turn.assemblies.get(assembly)
    return state is not None and state.instance is not None and state.instance.id == instance_id
