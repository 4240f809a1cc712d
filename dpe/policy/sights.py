"""What other eyes than our own say about a silent assembly (policy.md section 4): peers, the cloud, anchors.

Rules:
- A sight that passes vetoes: somebody had an answer of the service.
- A peer condemns that no longer reaches a port which it did reach within the last hour; a refusal means that the machine is alive.
- The cloud condemns with ERROR, SHUTOFF or 404 for this very server, read twice, 10 s apart.
- An anchor condemns only where no peer can testify, and after three times the patience.
"""

from __future__ import annotations

from dpe.policy.altering import replace
from dpe.policy.turn import Turn
from pcloud.model.events import AnchorAnswered, CloudAnswered, CloudUnreachable, PeerAnswered, ServerAnswered
from pcloud.model.plan import MonitorPlan
from pcloud.model.state import AssemblyState, CloudReading, PeerReading, Silence
from pcloud.model.words import InstanceStatus, Reach

READ_APART = 10.0  # policy.md section 4: "read twice, 10 s apart"
BASELINE_VALID = 3600.0  # section 4: "a port that it did reach within the last hour"
ANCHOR_PATIENCE = 3.0  # section 4(c): "silence has lasted 3 x silence"
CONDEMNING = frozenset({InstanceStatus.ERROR, InstanceStatus.SHUTOFF, InstanceStatus.ABSENT})


BANNER = "its SSH server sends a banner, and no login comes to an end"
"""An answer of the service (section 4): a slow network, or a host at its limits, lets it through and no login."""


def on_server(turn: Turn, event: ServerAnswered) -> None:
    """Its SSH server has begun to speak."""
    on_passing_sight(turn, event.assembly, BANNER)


def on_passing_sight(turn: Turn, assembly: str, by: str) -> None:
    """Somebody had an answer from the machine while we have none."""
    silence = turn[assembly].silence
    if silence is not None:
        turn.update(assembly, silence=replace(silence, passed_at=turn.at, passed_by=by))


def on_peer(turn: Turn, event: PeerAnswered) -> None:
    """A peer has tried one of our ports."""
    state = turn[event.assembly]
    reading = PeerReading(event.at, event.peer, event.port, event.reach)
    if event.reach is Reach.ANSWERED:
        turn.update(event.assembly, reached=latest(state.reached, reading))
    if state.silence is None or event.reach is Reach.UNABLE:
        return
    turn.update(event.assembly, silence=replace(state.silence, peers=latest(state.silence.peers, reading)))
    if event.reach is Reach.ANSWERED:
        on_passing_sight(turn, event.assembly, f"{event.peer} reaches port {event.port}")


def latest(readings: tuple[PeerReading, ...], new: PeerReading) -> tuple[PeerReading, ...]:
    """The readings with the new one in the place of that peer's last about that port."""
    return (*(old for old in readings if (old.peer, old.port) != (new.peer, new.port)), new)


def on_cloud(turn: Turn, event: CloudAnswered) -> None:
    """The cloud's word about this very instance."""
    state = turn[event.assembly]
    gone_at = (state.gone_at if state.gone_at is not None else event.at) if event.status is InstanceStatus.ABSENT else None
    turn.update(event.assembly, gone_at=gone_at)
    silence = state.silence
    if silence is None:
        return
    turn.update(event.assembly, stopped_by=stopper(state, event))
    same = silence.cloud is not None and silence.cloud.status is event.status
    since = silence.cloud_since if same else event.at
    word = CloudReading(event.at, event.status)
    turn.update(event.assembly, silence=replace(silence, cloud=word, cloud_since=since, cloud_lost=""))


def stopper(state: AssemblyState, event: CloudAnswered) -> str:
    """Who stopped it, as far as is known now: what runs again is stopped by nobody any more."""
    return "" if event.status is InstanceStatus.ACTIVE else event.stopped_by or state.stopped_by


def on_cloud_unreachable(turn: Turn, event: CloudUnreachable) -> None:
    """The cloud's API does not answer."""
    silence = turn[event.assembly].silence
    if silence is not None:
        turn.update(event.assembly, silence=replace(silence, cloud_lost=event.reason or "no answer"))


def quiet_since(silence: Silence) -> float:
    """Since when nobody at all has had an answer."""
    return silence.since if silence.passed_at is None else max(silence.since, silence.passed_at)


def condemned_by_cloud(silence: Silence) -> InstanceStatus | None:
    """The cloud's condemning word, when it was read twice, 10 s apart, without another in between."""
    word = silence.cloud
    if word is None or silence.cloud_since is None or word.status not in CONDEMNING or silence.cloud_lost:
        return None
    return word.status if word.at - silence.cloud_since >= READ_APART else None


def missed_by_peers(state: AssemblyState, silence: Silence, at: float, patience: float) -> str:
    """Which peer no longer reaches a port that it reached within the last hour; empty if none, or if one was refused there.

    Only what was found within the last ``patience`` seconds counts: a peer that cannot testify any more says nothing.
    """
    after = [reading for reading in silence.peers if reading.at > quiet_since(silence) and reading.at >= at - patience]
    if any(reading.reach is not Reach.SILENT for reading in after):
        return ""
    for reading in after:
        for old in state.reached:
            known = (old.peer, old.port) == (reading.peer, reading.port)
            if known and reading.at - old.at <= BASELINE_VALID:
                return f"{reading.peer} no longer reaches port {reading.port}"
    return ""


def can_testify(state: AssemblyState, silence: Silence, at: float, patience: float) -> bool:
    """Whether some peer has tried since, at a port about which it could tell: it reached it before, or it had any answer there now."""
    for reading in silence.peers:
        if reading.at <= quiet_since(silence) or reading.at < at - patience:
            continue
        if reading.reach is not Reach.SILENT:
            return True
        if any((old.peer, old.port) == (reading.peer, reading.port) and reading.at - old.at <= BASELINE_VALID for old in state.reached):
            return True
    return False


def on_anchor(turn: Turn, event: AnchorAnswered) -> None:
    """Somebody tried an anchor on the assembly's network."""
    silence = turn[event.assembly].silence
    if silence is None:
        return
    if event.answered:
        since = event.at if silence.anchor_since is None else silence.anchor_since
        turn.update(event.assembly, silence=replace(silence, anchor=event.anchor, anchor_at=event.at, anchor_since=since))
    elif silence.anchor_since is not None:
        turn.update(event.assembly, silence=replace(silence, anchor_since=None))


def missed_after(silence: Silence, monitor: MonitorPlan) -> float:
    """From when on an attempt of ours has to have failed for a silence to mean anything.

    One that failed only before says that there was trouble, not that it lasts (we may not have come to try again). And an anchor that
    answers shows that the way is open now: what was missed while it was not, an attempt of one ``timeout`` included, tells nothing.
    """
    if silence.anchor_since is None:
        return quiet_since(silence) + monitor.silence
    return max(quiet_since(silence) + ANCHOR_PATIENCE * monitor.silence, silence.anchor_since + monitor.timeout)


def missed_lately(silence: Silence, due: float) -> bool:
    """Whether an attempt of ours has failed since."""
    return silence.missed_at is not None and silence.missed_at >= due


def vouched_by_anchor(state: AssemblyState, silence: Silence, at: float, monitor: MonitorPlan) -> str:
    """Which anchor shows that the way to the assembly's network is open, where nobody else can testify; empty if none does (yet)."""
    if silence.anchor_at is None or silence.anchor_since is None or silence.anchor_at < at - monitor.silence:
        return ""
    due = missed_after(silence, monitor)
    return silence.anchor if missed_lately(silence, due) and not can_testify(state, silence, at, monitor.silence) else ""


def sights_text(turn: Turn, assembly: str) -> list[str]:
    """What the other eyes have said about a silence, for the record of a decision."""
    state, patience = turn[assembly], turn.plan_of(assembly).monitor.silence
    silence = state.silence
    if silence is None:
        return []
    said = [f"the cloud says {silence.cloud.status}"] if silence.cloud is not None and not silence.cloud_lost else []
    if not can_testify(state, silence, turn.at, patience):
        said.append("no peer can testify")
    mute = all_mute(turn)
    return [*said, f"all {mute} machines of {turn.state.name} are silent while the cloud calls them ACTIVE"] if mute else said


def all_mute(turn: Turn) -> int:
    """How many machines the deployable has, if there are several and all are silent while the cloud calls them ACTIVE; else 0.

    That looks like our own way to them; over all deployables it is the guards who judge it (section 5).
    """
    silences = [each.silence for each in turn.assemblies.values()]
    mute = all(each is not None and each.cloud is not None and each.cloud.status is InstanceStatus.ACTIVE for each in silences)
    return len(silences) if mute and len(silences) > 1 else 0
