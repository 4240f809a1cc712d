"""Beginning again with what was given up: ``start``, ``retry``, ``cleanup``, ``approve`` (policy.md section 3.7).

Rules: ``retry`` begins the ladder anew with what is blocked, exhausted or denied, on the evidence of this moment; ``cleanup`` forgets
everything that was ever counted as well, and looks at everything anew.
"""

from __future__ import annotations

from dpe.policy import bringup, evidence, observing
from dpe.policy.places import Place
from dpe.policy.turn import Turn
from pcloud.model.actions import Decision
from pcloud.model.events import CleanupAsked, RetryAsked
from pcloud.model.state import AssemblyState, DeployableState, Recovery, ResourceState
from pcloud.model.words import Choice, Desired, Phase, Rung, Stage

EVERYTHING = Place()
STEADY = frozenset({Stage.ABSENT, Stage.WAITING, Stage.UP})


def all_given_up(turn: Turn, asked: Place) -> list[tuple[Place, str]]:
    """What was given up at a target, and the decision by which it was."""
    found = [(Place(name), state.decision) for name, state in turn.assemblies.items() if given_up(state)]
    for name, state in turn.assemblies.items():
        found += [(Place(name, resource), each.decision) for resource, each in state.resources.items() if given_up(each)]
    return [(place, decision) for place, decision in found if asked.covers(place)]


def given_up(state: AssemblyState | ResourceState) -> bool:
    """Whether nothing is done for it any more until somebody says so."""
    return bool(state.blocked or state.exhausted or state.denied)


def needed(state: DeployableState, asked: Place) -> bool:
    """Whether anything at a target was given up."""
    for name, assembly in state.assemblies.items():
        if given_up(assembly) and asked.covers(Place(name)):
            return True
        if any(given_up(each) and asked.covers(Place(name, resource)) for resource, each in assembly.resources.items()):
            return True
    return False


def on_retry(turn: Turn, event: RetryAsked) -> None:
    """Begin again with what was given up."""
    turn.report("asked", said("retry", event.owner), assembly=event.assembly, resource=event.resource)
    forgive_all(turn, Place(event.assembly, event.resource))


def on_cleanup(turn: Turn, event: CleanupAsked) -> None:
    """Forget everything that was counted, and look anew."""
    asked = Place(event.assembly, event.resource)
    turn.report("asked", said("cleanup", event.owner), assembly=event.assembly, resource=event.resource)
    forgive_all(turn, asked)
    if not asked.assembly:
        turn.update_root(relaunches=(), recoveries=())
    for name, state in turn.assemblies.items():
        if asked.covers(Place(name)):
            turn.update(name, reboots=(), relaunches=(), recoveries=())
        for resource in state.resources:
            if asked.covers(Place(name, resource)):
                turn.update_resource(name, resource, failures=(), recoveries=(), restarts=None)
                if turn.resource(name, resource).recovery is None:
                    evidence.forget_resource(turn, name, resource, doubt=True)
        if asked.assembly in {"", name}:
            evidence.ask_again(turn, name)


def said(word: str, owner: str) -> str:
    """An operator's word and whose it is."""
    return f"{word}, by {owner}" if owner else word


def forgive_all(turn: Turn, asked: Place) -> None:
    """Begin anew with what was given up at a target."""
    for name, state in turn.assemblies.items():
        if asked.assembly in {"", name}:
            forgive(turn, name, state, asked)


def forgive(turn: Turn, name: str, state: AssemblyState, asked: Place = EVERYTHING) -> None:
    """Begin anew with an assembly and those of its resources that are meant: the operator has seen to it."""
    for resource, each in state.resources.items():
        if given_up(each) and asked.covers(Place(name, resource)):
            turn.update_resource(name, resource, blocked="", exhausted=False, denied="", decision="", failures=(), recovery=None)
    if not given_up(state) or not asked.covers(Place(name)):
        return
    observing.take_up(turn, name)
    turn.update(name, blocked="", exhausted=False, denied="", held="", decision="", reason="", reboots=(), relaunches=())
    turn.update_root(relaunches=())
    if state.stage in STEADY or state.action is not None or state.recovery is not None or turn.desired is not Desired.RUNNING:
        return
    evidence = (state.blocked or state.denied or state.reason,)
    if state.provisioned and state.contact:
        made = Decision(turn.next_id(), Choice.ACT, "start", evidence=evidence)
        turn.update(name, decision=turn.decide(made, "the operator asked for it to run: configuring and starting", assembly=name))
        bringup.configure(turn, name)
        return
    rung = Rung.REBOOT if state.provisioned and state.stage is not Stage.FENCING else Rung.RELAUNCH
    made = Decision(turn.next_id(), Choice.ACT, "start", action=rung, evidence=evidence)
    decision = turn.decide(made, "the operator asked for it to run", assembly=name)
    bringup.begin(turn, name, Recovery(rung, Phase.ACTING, None, decision, manual=True))
