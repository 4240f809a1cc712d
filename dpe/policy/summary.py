"""The one word that says how each target stands, for status, events and progress lines.

Rules: pure functions of the state; the journal's ``from`` and ``to`` are these words before and after a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pcloud.model.state import AssemblyState, DeployableState, Recovery, ResourceState
from pcloud.model.words import Desired, Health, Phase, Rung, Stage

UNDECIDED = frozenset({Phase.DELAYED, Phase.ASKING})

# What an operator calls the stages.
STAGE_WORDS = {
    Stage.ABSENT: "stopped",
    Stage.WAITING: "waiting",
    Stage.FENCING: "fencing",
    Stage.LAUNCHING: "launching",
    Stage.REBOOTING: "rebooting",
    Stage.BOOTING: "booting",
    Stage.PROVISIONING: "provisioning",
    Stage.CONFIGURING: "configuring",
    Stage.STARTING: "starting",
    Stage.VERIFYING: "verifying",
    Stage.STOPPING: "stopping",
    Stage.DESTROYING: "destroying",
}

TROUBLE = frozenset({"failed", "suspect", "recovering"})

# The worst word of its assemblies is the deployable's; the first found here wins.
WORST_FIRST = ("blocked", "exhausted", "held")


def resource_word(state: ResourceState) -> str:
    """healthy, failed, recovering, pending, unknown, suppressed, held, blocked or exhausted."""
    if state.blocked:
        return "blocked"
    if state.suppressed_by:
        return "suppressed"
    if state.exhausted and state.health is not Health.HEALTHY:
        return "exhausted"
    if state.denied or is_held(state.recovery):
        return "held"
    if state.recovery is not None and state.recovery.observed:
        return str(state.health)
    if state.recovery is not None and (state.recovery.phase is Phase.VERIFYING or state.health is Health.HEALTHY):
        return "recovering"  # a healthy one is restarted by hand
    return str(state.health)


def is_held(recovery: Recovery | None) -> bool:
    """Whether a guard holds it, or it waits for somebody's yes."""
    return recovery is not None and (recovery.held_since is not None or recovery.phase is Phase.APPROVAL)


def is_done(recovery: Recovery | None) -> bool:
    """Whether something is done for a target, or will be: what is only observed recovers nothing."""
    return recovery is not None and not recovery.observed


def assembly_word(state: AssemblyState) -> str:
    """The stage while it is on its way up or down; else what is the matter with it, or healthy."""
    if state.blocked:
        return "blocked"
    if state.held or state.still:
        return "held"
    if state.exhausted:
        return "exhausted"
    if state.denied or is_held(state.recovery):
        return "held"
    if state.recovery is not None and state.recovery.phase in UNDECIDED and (state.stage is not Stage.UP or not state.recovery.persists):
        return "failed"
    if state.silence is not None and state.stage is not Stage.FENCING:
        return "suspect"
    if state.stage is not Stage.UP:
        return STAGE_WORDS[state.stage]
    return "unknown" if state.unclear else resources_word(state)


def resources_word(state: AssemblyState) -> str:
    """What the resources of an assembly that is up make of it."""
    if all_plain(state):  # nearly always, and asked at every step
        return "healthy"
    words = [resource_word(each) for each in state.resources.values()]
    for word in ("blocked", "exhausted", "held"):
        if word in words:
            return word
    if "recovering" in words or "suppressed" in words or any(is_done(each.recovery) for each in state.resources.values()):
        return "recovering"
    if "failed" in words:
        return "failed"  # and nothing is done about it: it is paused, say
    if "unknown" in words or "pending" in words:
        return "unknown" if "unknown" in words else "pending"
    return "healthy"


def all_plain(state: AssemblyState) -> bool:
    """Whether every resource of it is healthy, and there is nothing else to say about any."""
    for each in state.resources.values():
        if each.health is not Health.HEALTHY or each.recovery is not None or each.blocked or each.suppressed_by or each.denied:
            return False
    return True


def begins(state: AssemblyState) -> bool:
    """Whether it is on its way up because it was asked to run, not because something failed or changed."""
    return state.recovery is None or (state.recovery.failures == 0 and state.recovery.rung is Rung.RELAUNCH)


def deployable_word(state: DeployableState) -> str:
    """stopped, starting, healthy, reloading, recovering, failed, stopping, held, blocked or exhausted."""
    words = [assembly_word(each) for each in state.assemblies.values()]
    return word_of_all(state, state.desired, state.assemblies, words)


def reloads(root: DeployableState, assemblies: Mapping[str, AssemblyState]) -> bool:
    """Whether it is still being made what its spec says."""
    return bool(root.outgoing) or any(each.recovery is not None and each.recovery.reload for each in assemblies.values())


def unattended(assemblies: Mapping[str, AssemblyState], words: Sequence[str]) -> bool:
    """Whether one of them is failed, and nothing is on its way for it."""
    return any(word == "failed" and each.recovery is None for word, each in zip(words, assemblies.values(), strict=False))


def word_of_all(root: DeployableState, desired: Desired, assemblies: Mapping[str, AssemblyState], words: Sequence[str]) -> str:
    """The same, of what it consists of, where the words of its assemblies are known; of ``root`` only its own fields count."""
    recovery = root.recovery
    if root.stale:
        return "held"
    if is_held(recovery):
        words = [*words, "held"]
    if desired is Desired.STOPPED:
        gone = all(each.stage is Stage.ABSENT and each.discard is None and not each.retired for each in assemblies.values())
        return "stopped" if gone else "stopping"
    for word in WORST_FIRST:
        if word in words:
            return word
    if words.count("healthy") == len(words):
        return "recovering" if recovery is not None else "reloading" if reloads(root, assemblies) else "healthy"
    if "failed" in words and recovery is None and unattended(assemblies, words):
        return "failed"
    if not TROUBLE.isdisjoint(words):
        return "recovering"
    if reloads(root, assemblies):
        return "reloading"
    first = [begins(each) for each in assemblies.values() if each.stage is not Stage.UP]
    return "starting" if first and all(first) else "recovering"
