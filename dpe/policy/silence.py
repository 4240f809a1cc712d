"""When an assembly is dead (policy.md section 4), as far as a peer's answer and the cloud's word tell.

Rules:
- Silence starts at a failed attempt of ours and must last ``silence`` seconds without any passing sight; a passing sight starts it anew,
  and while such sights go on the assembly is ``held: unreachable``.
- Silence needs a second sight: a peer that fails to reach a port that it did reach within the last hour, or the cloud's ERROR, SHUTOFF or
  404 for this very server, read twice, 10 s apart. A refusal at the port means that the machine is alive.
- Silent and the cloud's API unreachable: held. Another state of the cloud's that is not of our making: held.
"""

from __future__ import annotations

from dataclasses import replace

from dpe.policy import bringup, dependencies, ladder, restarts
from dpe.policy.turn import Turn
from dpe.policy.wording import duration
from pcloud.model.actions import AskPeers, Decision, ProbeAgain, ReadInstance
from pcloud.model.events import CloudAnswered, CloudUnreachable, ContactLost, PeerAnswered
from pcloud.model.plan import AssemblyPlan, TcpCheck
from pcloud.model.state import AssemblyState, CloudReading, PeerReading, Silence
from pcloud.model.words import Choice, Desired, InstanceStatus, Reach, Rung, Stage

ASK_INTERVAL = 5.0  # while silent: often enough to be ready when ``silence`` has lasted, 12 questions in the default 60 s
READ_APART = 10.0  # policy.md section 4: "read twice, 10 s apart"
BASELINE_VALID = 3600.0  # section 4: "a port that it did reach within the last hour"
BASELINE_INTERVAL = 1200.0  # so that two refreshes may be lost before the hour is over
BASELINE_AGAIN = 60.0  # where no peer could be asked: soon, since without a baseline no silence can be judged
CONDEMNING = {InstanceStatus.ERROR, InstanceStatus.SHUTOFF, InstanceStatus.ABSENT}
OF_OUR_MAKING = {InstanceStatus.ACTIVE, InstanceStatus.BUILD, InstanceStatus.REBOOT, InstanceStatus.UNKNOWN}
SILENCED = {Stage.PROVISIONING, Stage.CONFIGURING, Stage.STARTING, Stage.VERIFYING, Stage.UP}


def on_lost(turn: Turn, event: ContactLost) -> None:
    """An attempt of ours failed."""
    state = turn[event.assembly]
    seen = max(event.last_seen, state.seen_at if state.seen_at is not None else event.last_seen)
    turn.update(event.assembly, contact=False, seen_at=seen)
    if state.silence is not None or state.stage not in SILENCED:
        return
    restarts.on_lost(turn, event.assembly)
    silence = Silence(event.at, event.last_seen, event.reason, ask_at=event.at)
    turn.update(event.assembly, silence=silence, reason=f"no contact: {event.reason}")
    if state.stage is Stage.UP and bringup.waits(state.recovery):
        turn.update(event.assembly, recovery=None)  # decided on what its resources said; now the silence is to be judged


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
    same = silence.cloud is not None and silence.cloud.status is event.status
    since = silence.cloud_since if same else event.at
    word = CloudReading(event.at, event.status)
    turn.update(event.assembly, silence=replace(silence, cloud=word, cloud_since=since, cloud_lost=""))


def on_cloud_unreachable(turn: Turn, event: CloudUnreachable) -> None:
    """The cloud's API does not answer."""
    silence = turn[event.assembly].silence
    if silence is not None:
        turn.update(event.assembly, silence=replace(silence, cloud_lost=event.reason or "no answer"))


def ask(turn: Turn, assembly: str) -> None:
    """Ask the other sights when it is time to."""
    state = turn[assembly]
    if state.silence is None or state.stage not in SILENCED or state.instance is None or turn.at < state.silence.ask_at:
        return
    turn.update(assembly, silence=replace(state.silence, ask_at=turn.at + ASK_INTERVAL))
    plan = turn.plan_of(assembly)
    if not plan.static:
        turn.order(ReadInstance(assembly, state.instance))
    ask_peers(turn, assembly)
    turn.order(ProbeAgain(assembly))


def ask_peers(turn: Turn, assembly: str) -> bool:
    """Ask every other assembly of the deployable that we have contact with; False if there is none."""
    state = turn[assembly]
    peers = tuple(name for name, peer in turn.assemblies.items() if name != assembly and peer.contact and peer.silence is None)
    if peers and state.instance is not None:
        ports = dict.fromkeys((state.instance.port, *tcp_ports(turn.plan_of(assembly))))
        turn.order(AskPeers(assembly, state.instance, peers, tuple(ports)))
    return bool(peers)


def tcp_ports(plan: AssemblyPlan) -> list[int]:
    """The ports that the assembly's own checks look at."""
    return [check.what.port for each in plan.resources for check in each.checks if isinstance(check.what, TcpCheck)]


def refresh_baseline(turn: Turn, assembly: str) -> None:
    """While all is well, learn what the peers reach, so that their failing to do so means something later."""
    state = turn[assembly]
    if state.ask_peers_at is None or turn.at < state.ask_peers_at or not state.contact:
        return
    if len(turn.assemblies) == 1:
        turn.update(assembly, ask_peers_at=None)
        return
    asked = ask_peers(turn, assembly)
    turn.update(assembly, ask_peers_at=turn.at + (BASELINE_INTERVAL if asked else BASELINE_AGAIN))


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


def judge(turn: Turn, assembly: str) -> None:
    """Decide what a silence that has lasted means."""
    state = turn[assembly]
    silence = state.silence
    if silence is None or state.stage not in SILENCED or bringup.waits(state.recovery) or state.blocked or state.exhausted:
        return
    if turn.desired is not Desired.RUNNING or turn.at < silence.since + turn.plan_of(assembly).monitor.silence:
        return
    if any(not left_to_themselves(turn[name]) for name in dependencies.upstream(turn, assembly)):
        return
    if is_coming(turn, silence, turn.plan_of(assembly)):
        return
    word, evidence = held_because(turn, assembly, silence)
    if word:
        hold(turn, assembly, word, evidence)
        return
    lasted = f"silent for {duration(turn.at - silence.since)} ({silence.reason})"
    gone = condemned_by_cloud(silence)
    if gone is not None:
        rung = Rung.REBOOT if gone is InstanceStatus.SHUTOFF else Rung.RELAUNCH
        condemn(turn, assembly, rung, f"{lasted}, and the cloud says {gone}")
        return
    condemn(turn, assembly, Rung.REBOOT, f"{lasted}, and {missed(turn, assembly, silence)}")


def is_coming(turn: Turn, silence: Silence, plan: AssemblyPlan) -> bool:
    """Whether a word of the cloud is still on its way: its first one, or the second reading of a condemning one."""
    if plan.static or silence.cloud_lost:
        return False
    if silence.cloud is None:
        return turn.at < silence.since + plan.monitor.silence + ASK_INTERVAL
    return silence.cloud.status in CONDEMNING and condemned_by_cloud(silence) is None


def left_to_themselves(dependency: AssemblyState) -> bool:
    """Whether a dependency leaves its dependents to themselves: nothing is being done about it (one cause, one recovery)."""
    given_up = bool(dependency.held or dependency.blocked or dependency.exhausted)
    return dependency.recovery is None and (dependency.silence is None or given_up)


def missed(turn: Turn, assembly: str, silence: Silence) -> str:
    """What the peers miss now."""
    return missed_by_peers(turn[assembly], silence, turn.at, turn.plan_of(assembly).monitor.silence)


def held_because(turn: Turn, assembly: str, silence: Silence) -> tuple[str, str]:
    """What keeps us from acting on a silence, in the words of policy.md section 4, and the evidence; empty if nothing does."""
    plan = turn.plan_of(assembly)
    if turn.at < quiet_since(silence) + plan.monitor.silence:
        return "unreachable", silence.passed_by
    if silence.cloud_lost:
        return "the cloud's API does not answer", silence.cloud_lost
    if silence.cloud is None and not plan.static:
        return "no word from the cloud yet", ""
    if silence.cloud is not None and silence.cloud.status not in CONDEMNING | OF_OUR_MAKING:
        return str(silence.cloud.status), ""
    if condemned_by_cloud(silence) is None and not missed(turn, assembly, silence):
        return "no second sight", ""
    return "", ""


def hold(turn: Turn, assembly: str, word: str, evidence: str) -> None:
    """Do nothing, and say so once for each kind of reason: what a peer says may change with every question."""
    if turn[assembly].held == word:
        return
    reason = f"{word}: {evidence}" if evidence else word
    turn.update(assembly, held=word, reason=reason)
    turn.decide(Decision("", Choice.HOLD, "section 4", evidence=(reason,)), reason, assembly=assembly, alert=True)


def condemn(turn: Turn, assembly: str, rung: Rung, reason: str) -> None:
    """The assembly is dead: one failure, at the rung that the evidence asks for."""
    state = turn[assembly]
    turn.update(assembly, held="")
    if state.stage is not Stage.UP and state.recovery is not None and rung is not Rung.RELAUNCH:
        bringup.failed(turn, assembly, reason)
        return
    ladder.fail(turn, assembly, rung, reason, rule="section 3.6" if rung is Rung.RELAUNCH else "section 4")


def alarm(turn: Turn, assembly: str) -> float | None:
    """When time alone changes something about the silence next."""
    silence = turn[assembly].silence
    if silence is None:
        return turn[assembly].ask_peers_at
    patience = turn.plan_of(assembly).monitor.silence
    moments = (silence.since + patience, quiet_since(silence) + patience, silence.since + patience + ASK_INTERVAL)
    ends = [moment for moment in moments if moment > turn.at]
    return min([silence.ask_at, *ends])
