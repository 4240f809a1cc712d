"""Every change that can be seen is one line of the journal: from which word, to which word, and why.

Rules: a decision made in the same step about the same target carries the change; otherwise the change is a line of its own.
"""

from __future__ import annotations

from dataclasses import replace

from dpe.policy.summary import assembly_word, deployable_word, resource_word
from dpe.policy.turn import Turn
from pcloud.model.actions import Report
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.model.words import Phase, Stage

SPEAKING = {Stage.VERIFYING, Stage.UP}  # before, what was not started yet is not running, which is no news


def report_changes(turn: Turn, before: DeployableState) -> None:
    """Compare what can be seen before and after, resources first: causes stand before effects."""
    if turn.version == 0:
        return
    for name, state in list(turn.assemblies.items()):
        old = before.assemblies.get(name, AssemblyState())
        if old is state:
            continue
        date_words(turn, name, old, state)
        for resource, each in state.resources.items():
            was = old.resources.get(resource, ResourceState())
            if was is not each and state.stage in SPEAKING and not merely_forgotten(each):
                change(turn, name, resource, resource_word(was), resource_word(each), each.reason or each.blocked or under_way(each))
        change(turn, name, "", assembly_word(old), assembly_word(state), state.reason)
    after = turn.finish()
    change(turn, "", "", deployable_word(before), deployable_word(after), "")


def date_words(turn: Turn, name: str, old: AssemblyState, new: AssemblyState) -> None:
    """Remember since when each word is shown."""
    for resource, each in new.resources.items():
        if resource_word(old.resources.get(resource, ResourceState())) != resource_word(each):
            turn.update_resource(name, resource, word_since=turn.at)
    if assembly_word(old) != assembly_word(new):
        turn.update(name, word_since=turn.at)


def merely_forgotten(state: ResourceState) -> bool:
    """Whether nothing is known of it only because it is being looked at anew: no news, and the next word follows soon."""
    return resource_word(state) == "unknown" and not state.reason


def under_way(state: ResourceState) -> str:
    """What a recovery that verifies has done, where nothing else explains the change."""
    return "restarted, verifying" if state.recovery is not None and state.recovery.phase is Phase.VERIFYING else ""


def change(turn: Turn, assembly: str, resource: str, old: str, new: str, reason: str) -> None:
    """Write one change down."""
    if old == new:
        return
    for place, order in enumerate(turn.orders):
        if isinstance(order, Report) and order.record is not None and (order.assembly, order.resource) == (assembly, resource):
            turn.orders[place] = replace(order, before=old, after=new)
            return
    decision = ongoing(turn, assembly, resource)
    turn.order(Report("changed", assembly, resource, old, new, reason, decision))


def ongoing(turn: Turn, assembly: str, resource: str) -> str:
    """The decision whose recovery the change belongs to."""
    if not assembly:
        return ""
    owner = turn[assembly]
    recovery = owner.resources[resource].recovery if resource else owner.recovery
    if recovery is None and owner.recovery is not None:
        recovery = owner.recovery
    return recovery.decision if recovery is not None else turn.decided(assembly, resource)
