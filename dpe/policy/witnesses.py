"""Whom a silence is asked about, and when: the cloud, peers, anchors, and our own next attempt (policy.md section 4).

Rules: questions only, no judgement (``silence``) and no meaning of an answer (``sights``).
"""

from __future__ import annotations

from dpe.policy.altering import replace
from dpe.policy.ports import ports
from dpe.policy.sights import ANCHOR_PATIENCE, can_testify, missed_after, missed_lately, quiet_since
from dpe.policy.turn import Turn
from pcloud.model.actions import AskAnchors, AskPeers, ProbeAgain, ReadInstance
from pcloud.model.plan import MonitorPlan
from pcloud.model.state import Silence
from pcloud.model.words import Stage

ASK_INTERVAL = 5.0  # while silent: often enough to be ready when ``silence`` has lasted, 12 questions in the default 60 s
ASK_SELDOM = 10.0  # when it is held for long: as often as a suspect is read at its cloud (section 4: "10 s apart")
BASELINE_INTERVAL = 1200.0  # so that two refreshes may be lost before the hour is over
BASELINE_AGAIN = 60.0  # where no peer could be asked: soon, since without a baseline no silence can be judged
SILENCED = {Stage.PROVISIONING, Stage.CONFIGURING, Stage.STARTING, Stage.VERIFYING, Stage.UP}


def ask(turn: Turn, assembly: str) -> None:
    """Ask the other sights when it is time to."""
    state = turn[assembly]
    if state.silence is None or state.stage not in SILENCED or state.instance is None or turn.at < state.silence.ask_at:
        return
    plan = turn.plan_of(assembly)
    again = min([turn.at + ask_interval(turn, assembly, state.silence), *moments_of(turn, state.silence, plan.monitor)])
    turn.update(assembly, silence=replace(state.silence, ask_at=again))
    if not plan.static:
        turn.order(ReadInstance(assembly, state.instance))
    ask_peers(turn, assembly)
    patience = plan.monitor.silence
    lasted = turn.at - quiet_since(state.silence)
    early = max(ASK_INTERVAL, plan.monitor.timeout)
    if lasted >= ANCHOR_PATIENCE * patience - early and not can_testify(state, state.silence, turn.at, patience):
        turn.order(AskAnchors(assembly, state.instance))
    turn.order(ProbeAgain(assembly, contact=attempt_wanted(turn, state.silence, plan.monitor)))


def attempt_wanted(turn: Turn, silence: Silence, monitor: MonitorPlan) -> bool:
    """Whether what is judged next needs an attempt that fails: it is begun so early that it may have ended by then."""
    due = missed_after(silence, monitor)
    return turn.at >= due - monitor.timeout and not missed_lately(silence, due)


def moments_of(turn: Turn, silence: Silence, monitor: MonitorPlan) -> list[float]:
    """The moments to come at which a silence has lasted, and has lasted long enough for an anchor."""
    quiet = quiet_since(silence)
    return [moment for moment in (quiet + monitor.silence, quiet + ANCHOR_PATIENCE * monitor.silence) if moment > turn.at]


def ask_interval(turn: Turn, assembly: str, silence: Silence) -> float:
    """Seconds until the other sights are asked again: seldom where everybody has been heard, and it is held all the same."""
    patience = turn.plan_of(assembly).monitor.silence
    if not turn[assembly].held or turn.at < silence.since + ANCHOR_PATIENCE * patience:
        return ASK_INTERVAL
    return max(ASK_INTERVAL, min(ASK_SELDOM, patience / 2))


def ask_peers(turn: Turn, assembly: str) -> bool:
    """Ask every other assembly of the deployable that we have contact with; False if there is none."""
    state = turn[assembly]
    peers = tuple(name for name, peer in turn.assemblies.items() if name != assembly and peer.contact and peer.silence is None)
    if peers and state.instance is not None:
        turn.order(AskPeers(assembly, state.instance, peers, ports(turn, assembly)))
    return bool(peers)


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
