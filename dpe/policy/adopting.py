"""Machines that somebody else has made, and that come under care as they are.

Rules:
- Nothing is provisioned, configured, started or restarted by adopting: probes tell how it stands, from ``unknown`` and with grace, as after
  a pause.
- While the deployable is stopped it waits for the start; where every assembly has been adopted there is nothing else to be launched, and
  care begins at once.
- What was adopted is never fenced, replaced or destroyed: its ceiling is ``reboot`` (policy.md section 3.5), a stop ends its services and
  leaves the machine, and the next start takes up the same one.
- Who adopts another machine for one that nobody has seen end says that it is dead, as ``confirm-dead`` does (section 6).
"""

from __future__ import annotations

from dpe.policy import dependencies, evidence, fencing, settings, stages
from dpe.policy.turn import Turn
from pcloud.model.actions import Decision
from pcloud.model.operators import InstanceAdopted
from pcloud.model.state import AssemblyState, DeployableState, Retired
from pcloud.model.words import Choice, Desired, Stage

REPORT = "adopted"
WITHOUT_MACHINE = frozenset({Stage.ABSENT, Stage.WAITING})


def refusal(state: DeployableState, event: InstanceAdopted) -> str:
    """Why this machine cannot be adopted for this assembly now; empty if it can."""
    plan = state.plan.assembly(event.assembly) if state.plan is not None else None
    assembly = state.assemblies.get(event.assembly)
    if plan is None or assembly is None:
        return f"{state.name} has no assembly {event.assembly}"
    if plan.static:
        return f"{event.assembly} is static: its address says which machine it is, and a start takes it up"
    if not waits_for_one(assembly):
        return why_not(event.assembly, assembly)
    wanted = event.instance.id
    for name, other in state.assemblies.items():
        if name != event.assembly and other.instance is not None and other.instance.id == wanted:
            return f"{wanted} is the instance of {name}"
        if wanted in {each.instance_id for each in other.retired} | {each.instance_id for each in other.twins}:
            return f"{wanted} was an instance of {name} and has been replaced"
    if event.instance.generation != assembly.generation + 1:
        return f"{event.assembly} has gone on meanwhile, to generation {assembly.generation}"
    return ""


def waits_for_one(state: AssemblyState) -> bool:
    """Whether there is no machine of it, or nobody knows whether there still is."""
    if state.action is not None or state.still:
        return False
    return fencing.awaits_confirmation(state) or (state.stage in WITHOUT_MACHINE and state.instance is None)


def why_not(name: str, state: AssemblyState) -> str:
    """What stands in the way, in words."""
    if state.instance is not None:
        return f"{name} has an instance: {state.instance.id}"
    return f"an action on {name} is under way ({state.stage})"


def on_adopted(turn: Turn, event: InstanceAdopted) -> None:
    """Take it in, unless something has come up since it was asked for."""
    reason = refusal(turn.so_far(), event)
    if reason:
        turn.report("refused", reason, assembly=event.assembly)
        return
    name, state = event.assembly, turn[event.assembly]
    by = f" by {event.owner}" if event.owner else ""
    what = f"{event.instance.id} at {event.instance.address} is adopted{by}: it is watched as it stands, and nothing is done to it"
    old, retired = state.instance, state.retired
    if old is not None and old.id != event.instance.id:
        what = f"{what}; {old.id}, which nobody has seen end, is taken for dead"
        retired = (*retired, Retired(old.id, old.infrastructure, turn.at, gone=True))
    settings.clear_assembly(turn, name)
    taken = {"instance": event.instance, "zone": event.instance.zone, "generation": event.instance.generation}
    turn.update(name, **taken, adopted=True, provisioned=True, retired=retired)
    made = Decision(turn.next_id(), Choice.ACT, "adopt", evidence=(event.instance.id,), next="its failures count like any other's")
    turn.decide(made, what, assembly=name)
    if turn.desired is Desired.RUNNING:
        take_care(turn, name)
    elif all(each.adopted for each in turn.assemblies.values()):
        turn.desire(Desired.RUNNING)
        for each in turn.assemblies:
            if untouched(turn[each]):
                take_care(turn, each)


def untouched(state: AssemblyState) -> bool:
    """Whether it has been adopted and nothing has been done to it yet: a start is no reason to."""
    return state.adopted and not state.proven and state.stage in WITHOUT_MACHINE


def take_care(turn: Turn, name: str) -> None:
    """Watch it from now on, by the values that its parameters have now: they are what it was configured with, for all that we know."""
    evidence.forget(turn, name, doubt=True)
    grace = turn.at + turn.plan_of(name).recovery.restart.verify
    turn.update(name, proven=True, configured=dependencies.parameters(turn, name), grace=grace, ask_peers_at=turn.at)
    stages.enter(turn, name, Stage.UP)


def let_go(turn: Turn, name: str) -> None:
    """Its services are stopped, or cannot be: the machine is left as it is, and known for the next start."""
    state = turn[name]
    settings.clear_assembly(turn, name)
    if not turn.leaves(name):
        turn.update(name, instance=state.instance, zone=state.zone, adopted=True, provisioned=True, proven=True)
