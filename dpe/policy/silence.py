"""When an assembly is dead (policy.md section 4): the judgement; whom it asks is in ``witnesses``.

Rules:
- Silence starts at a failed attempt of ours and must last ``silence`` seconds without any passing sight; a passing sight starts it anew,
  and while such sights go on the assembly is ``held: unreachable``.
- It has lasted when an attempt of ours failed at its end too: one failure long ago may mean that we never came to try again.
- Silence needs a second sight (``sights``): a peer, the cloud, or an anchor where no peer can testify.
- Stopped from outside is held: by the cloud's record of a user's stop, or an orderly shutdown followed by SHUTOFF. An orderly shutdown has
  the reboot's ``verify`` to come back.
- Silent and the cloud's API unreachable: held. Another state of the cloud's that is not of our making: held.
"""

from __future__ import annotations

from dataclasses import dataclass

from dpe.policy import bringup, dependencies, gates, holding, ladder, pauses, records, restarts
from dpe.policy.altering import replace
from dpe.policy.places import Place
from dpe.policy.sights import (
    ANCHOR_PATIENCE,
    CONDEMNING,
    condemned_by_cloud,
    missed_by_peers,
    missed_lately,
    quiet_since,
    vouched_by_anchor,
)
from dpe.policy.turn import Turn
from dpe.policy.witnesses import ASK_INTERVAL, SILENCED
from dpe.policy.wording import duration
from pcloud.model.events import ContactLost
from pcloud.model.plan import AssemblyPlan, MonitorPlan
from pcloud.model.state import AssemblyState, Recovery, Silence
from pcloud.model.words import Desired, InstanceStatus, Phase, Rung, Stage


def on_lost(turn: Turn, event: ContactLost) -> None:
    """An attempt of ours failed."""
    state = turn[event.assembly]
    seen = max(event.last_seen, state.seen_at if state.seen_at is not None else event.last_seen)
    turn.update(event.assembly, contact=False, seen_at=seen, unclear="", unclear_since=None)
    if state.silence is not None:
        turn.update(event.assembly, silence=replace(state.silence, missed_at=event.at))
    if state.silence is not None or state.stage not in SILENCED:
        return
    restarts.on_lost(turn, event.assembly)
    silence = Silence(event.at, event.last_seen, event.reason, ask_at=event.at, missed_at=event.at)
    turn.update(event.assembly, silence=silence, reason=f"no contact: {event.reason}")
    if state.stage is Stage.UP and gates.waits(state.recovery):  # decided on what its resources said; now the silence is to be judged
        turn.update(event.assembly, recovery=None)
        records.withdrawn(turn, Place(event.assembly), state.recovery, "it does not answer any more, and that is judged first")


@dataclass(frozen=True, slots=True)
class Doubt:
    """What keeps us from acting on a silence, in the words of policy.md section 4, and the evidence."""

    word: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """What a silence that has lasted asks for. ``condemned``: by the cloud's own word."""

    rung: Rung
    reason: str
    condemned: bool


def judge(turn: Turn, assembly: str) -> None:
    """Decide what a silence that has lasted means; and, while a recovery that rests on it waits, whether it still means that."""
    state = turn[assembly]
    silence, recovery = state.silence, state.recovery
    if silence is None or state.stage not in SILENCED:
        return
    waiting = recovery if recovery is not None and recovery.witnessed and gates.waits(recovery) else None
    if turn.at < silence.since + turn.plan_of(assembly).monitor.silence:
        if waiting is not None:
            ladder.withdraw(turn, assembly, "the silence began anew")
        return
    lasted = f"silent for {duration(turn.at - silence.since)} ({silence.reason})"
    if waiting is None and left_alone(turn, state):
        return
    if not pauses.counts(turn, assembly):
        if waiting is None:
            pauses.suppress(turn, Place(assembly), lasted)
        return
    by = next((name for name in turn.upstream(assembly) if not left_to_themselves(turn[name])), "")
    if by and waiting is None:
        holding.suppress(turn, assembly, silence, by, lasted)
        return
    if is_coming(turn, silence, turn.plan_of(assembly)) or comes_back(turn, assembly, silence):
        return
    match assessed(turn, assembly, silence):
        case Doubt(word, evidence):
            if waiting is not None:
                ladder.withdraw(turn, assembly, word)
            holding.hold(turn, assembly, word, evidence, lasted)
        case Sentence() as sentence:
            carry_out(turn, assembly, sentence, waiting)


def assessed(turn: Turn, assembly: str, silence: Silence) -> Doubt | Sentence:
    """What the sights make of a silence that has lasted."""
    doubt = doubted(turn, assembly, silence)
    if doubt is not None:
        return doubt
    lasted = f"silent for {duration(turn.at - silence.since)} ({silence.reason})"
    gone = condemned_by_cloud(silence)
    if gone is None:
        return Sentence(Rung.REBOOT, f"{lasted}, and {second_sight(turn, assembly, silence)}", condemned=False)
    rung = Rung.REBOOT if gone is InstanceStatus.SHUTOFF else Rung.RELAUNCH
    return Sentence(rung, f"{lasted}, and the cloud says {gone}", condemned=True)


def carry_out(turn: Turn, assembly: str, sentence: Sentence, waiting: Recovery | None) -> None:
    """Begin what a silence asks for; of one that waits already change what the evidence has changed."""
    if waiting is None:
        condemn(turn, assembly, sentence)
    elif sentence.rung.height > waiting.rung.height:
        ladder.withdraw(turn, assembly, sentence.reason)
        condemn(turn, assembly, sentence)
    elif sentence.condemned and not waiting.condemned:  # no storm stops it any more: it is asked for anew
        again = turn.at if waiting.phase is Phase.ASKING else waiting.until
        phase = Phase.DELAYED if waiting.phase is Phase.ASKING else waiting.phase
        turn.update(assembly, recovery=replace(waiting, condemned=True, phase=phase, until=again, permit=""))


def stands(turn: Turn, assembly: str, recovery: Recovery) -> bool:
    """Whether a recovery that waited still rests on what it was decided on: one for another cause than a silence does."""
    silence = turn[assembly].silence
    if not recovery.witnessed or silence is None:
        return True
    if turn.at < silence.since + turn.plan_of(assembly).monitor.silence or is_coming(turn, silence, turn.plan_of(assembly)):
        return False
    found = assessed(turn, assembly, silence)
    return isinstance(found, Sentence) and found.rung.height <= recovery.rung.height


def left_alone(turn: Turn, state: AssemblyState) -> bool:
    """Whether nothing is judged now: nothing is wanted of it, it was given up or denied, or a recovery of it or of the whole is decided."""
    if turn.desired is not Desired.RUNNING or state.blocked or state.exhausted or state.denied or turn.root.recovery is not None:
        return True
    return gates.waits(state.recovery) or (state.recovery is not None and state.recovery.observed)


def comes_back(turn: Turn, assembly: str, silence: Silence) -> bool:
    """Whether it went down in good order and may be on its way back: a reboot has its ``verify`` (section 4)."""
    stopping = turn[assembly].stopping_at
    if stopping is None or turn[assembly].stopped_by or condemned_by_cloud(silence) is not None:
        return False
    return turn.at < stopping + turn.plan_of(assembly).recovery.reboot.verify


def is_coming(turn: Turn, silence: Silence, plan: AssemblyPlan) -> bool:
    """Whether a word of the cloud is still on its way: its first one, or the second reading of a condemning one."""
    if untried(turn, silence, plan.monitor) and turn.at < quiet_since(silence) + 2 * plan.monitor.silence:
        return True
    if plan.static or silence.cloud_lost:
        return False
    if silence.cloud is None:
        return turn.at < silence.since + plan.monitor.silence + ASK_INTERVAL
    return silence.cloud.status in CONDEMNING and condemned_by_cloud(silence) is None


def untried(turn: Turn, silence: Silence, monitor: MonitorPlan) -> bool:
    """Whether nobody has tried to reach it since its silence has lasted: the attempts may be waiting for us (section 4, "queued")."""
    due = quiet_since(silence) + monitor.silence
    return turn.at >= due and not missed_lately(silence, due)


def left_to_themselves(dependency: AssemblyState) -> bool:
    """Whether a dependency leaves its dependents to themselves: nothing is being done about it (one cause, one recovery)."""
    given_up = dependency.exhausted or dependencies.given_up(dependency)
    return given_up or (dependency.recovery is None and dependency.silence is None)


def second_sight(turn: Turn, assembly: str, silence: Silence) -> str:
    """What the peers miss now, or which anchor answers where they cannot tell; empty without either."""
    patience = turn.plan_of(assembly).monitor.silence
    missed = missed_by_peers(turn[assembly], silence, turn.at, patience)
    if missed:
        return missed
    anchor = vouched_by_anchor(turn[assembly], silence, turn.at, turn.plan_of(assembly).monitor)
    return f"no peer can testify, while {anchor} answers" if anchor else ""


def stopped_from_outside(state: AssemblyState, silence: Silence) -> str:
    """Who stopped it, if it was not us (section 4); empty if nobody did."""
    if state.stopped_by:
        return f"stopped by {state.stopped_by}"
    if state.stopping_at is not None and condemned_by_cloud(silence) is InstanceStatus.SHUTOFF:
        return "it went down in good order, and is off"
    return ""


def doubted(turn: Turn, assembly: str, silence: Silence) -> Doubt | None:
    """What keeps us from acting on a silence; None if nothing does."""
    plan = turn.plan_of(assembly)
    if turn.at < quiet_since(silence) + plan.monitor.silence:
        return Doubt("unreachable", silence.passed_by)
    if untried(turn, silence, plan.monitor):
        return Doubt("not tried again", "no attempt of this controller has ended since")
    if stopped_from_outside(turn[assembly], silence):
        return Doubt("external stop", stopped_from_outside(turn[assembly], silence))
    if silence.cloud_lost:
        return Doubt("the cloud's API does not answer", silence.cloud_lost)
    if silence.cloud is None and not plan.static:
        return Doubt("no word from the cloud yet", "")
    if silence.cloud is not None and silence.cloud.status is not InstanceStatus.ACTIVE and silence.cloud.status not in CONDEMNING:
        return Doubt(str(silence.cloud.status), "")
    if condemned_by_cloud(silence) is None and not second_sight(turn, assembly, silence):
        return Doubt("no second sight", "")
    return None


def condemn(turn: Turn, assembly: str, sentence: Sentence) -> None:
    """The assembly is dead: one failure, at the rung that the evidence asks for."""
    state, rung = turn[assembly], sentence.rung
    turn.update(assembly, held="")
    if state.stage is not Stage.UP and state.recovery is not None and rung is not Rung.RELAUNCH:
        bringup.failed(turn, assembly, sentence.reason)
        return
    rule = "section 3.6" if rung is Rung.RELAUNCH else "section 4"
    ladder.fail(turn, assembly, rung, sentence.reason, rule=rule, ground=ladder.Ground(condemned=sentence.condemned, witnessed=True))


def alarm(turn: Turn, assembly: str) -> float | None:
    """When time alone changes something about the silence next."""
    silence = turn[assembly].silence
    if silence is None:
        return turn[assembly].ask_peers_at
    patience = turn.plan_of(assembly).monitor.silence
    moments = [silence.since + patience, quiet_since(silence) + patience, silence.since + patience + ASK_INTERVAL]
    moments += [quiet_since(silence) + ANCHOR_PATIENCE * patience, quiet_since(silence) + 2 * patience]
    if turn[assembly].stopping_at is not None:
        moments.append((turn[assembly].stopping_at or 0.0) + turn.plan_of(assembly).recovery.reboot.verify)
    ends = [moment for moment in moments if moment > turn.at]
    return min([silence.ask_at, *ends])
