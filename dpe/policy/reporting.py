"""Every change that can be seen is one line of the journal: from which word, to which word, and why.

Rules: a decision made in the same step about the same target carries the change; otherwise the change is a line of its own.
"""

from __future__ import annotations

from dpe.policy.records import decision_of
from dpe.policy.summary import assembly_word, resource_word, word_of_all
from dpe.policy.turn import Turn
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.model.words import Phase, Stage

NEW_ASSEMBLY, NEW_RESOURCE = AssemblyState(), ResourceState()
GONE = "stopped"
SPEAKING = {Stage.VERIFYING, Stage.UP}  # before, what was not started yet is not running, which is no news


def report_changes(turn: Turn, before: DeployableState) -> None:
    """Compare what can be seen before and after, resources first: causes stand before effects."""
    if turn.version == 0:
        return
    news = turn.root is not before or turn.desired is not before.desired
    words: list[str] = []
    words_before: list[str] = []
    for name, state in list(turn.assemblies.items()):
        old = before.assemblies.get(name, NEW_ASSEMBLY)
        if old is state:
            words.append(assembly_word(state))
            words_before.append(words[-1])
            continue
        for resource, each in list(state.resources.items()):
            was = old.resources.get(resource, NEW_RESOURCE)
            if was is not each:
                words_of_it = resource_word(was), resource_word(each)
                if words_of_it[0] != words_of_it[1]:
                    turn.update_resource(name, resource, word_since=turn.at)
                    change_resource(turn, name, resource, words_of_it, decision_of(each, was) or decision_of(state, old))
        before_word, word = assembly_word(old), assembly_word(state)
        if before_word != word:
            turn.update(name, word_since=turn.at)
            turn.change(name, "", before_word, word, state.reason, decision_of(state, old))
        words.append(word)
        words_before.append(before_word)
        news = news or before_word != word or old.stage is not state.stage or old.recovery is not state.recovery
    if turn.root.outgoing is not before.outgoing:
        report_gone(turn, before)
    if news:
        if len(words_before) != len(before.assemblies):
            words_before = [assembly_word(each) for each in before.assemblies.values()]
        old_word = word_of_all(before, before.desired, before.assemblies, words_before)
        word = word_of_all(turn.root, turn.desired, turn.assemblies, words)
        if old_word != word:
            turn.change("", "", old_word, word, "", decision_of(turn.root, before))


def report_gone(turn: Turn, before: DeployableState) -> None:
    """The last that is heard of assemblies that have left the spec."""
    for name, state in before.assemblies.items():
        if name not in turn.assemblies and assembly_word(state) != GONE:
            turn.change(name, "", assembly_word(state), GONE, "it has left the spec", state.decision)


def change_resource(turn: Turn, assembly: str, resource: str, words: tuple[str, str], decision: str) -> None:
    """Write the change of a resource down unless it is no news."""
    state = turn.resource(assembly, resource)
    forgotten = words[1] == "unknown" and not state.reason  # it is being looked at anew, and the next word follows soon
    if turn[assembly].stage in SPEAKING and not forgotten:
        turn.change(assembly, resource, *words, state.reason or state.blocked or under_way(state), decision)


def under_way(state: ResourceState) -> str:
    """What a recovery that verifies has done, where nothing else explains the change."""
    return "restarted, verifying" if state.recovery is not None and state.recovery.phase is Phase.VERIFYING else ""
