"""A deployable's state as the body that the API sends."""

from __future__ import annotations

from collections.abc import Callable

from cpe.shell.holding import held, moment, pause_status
from dpe.policy.observing import STANDS
from dpe.policy.summary import assembly_word, deployable_word, resource_word
from pcloud.model.instance import Instance
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.model.words import Stage
from pcloud.records.status import AssemblyStatus, DeployableStatus, DeployableSummary, InstanceStatusBody, ResourceStatus

TELLING = {Stage.STARTING, Stage.VERIFYING, Stage.UP}  # before its start a service that does not run is no news


def deployable_status(state: DeployableState, wall_at: Callable[[float], float]) -> DeployableStatus:
    """How a deployable stands; ``wall_at`` turns its moments into POSIX seconds."""
    bodies = [assembly_status(state, name, each, wall_at) for name, each in state.assemblies.items()]
    worst = next((body for body in bodies if body.state != "healthy" and body.reason), None)
    waits, since = held(state.recovery, wall_at)
    return DeployableStatus(
        name=state.name,
        state=deployable_word(state),
        desired=state.desired,
        reason=state.stale or (f"{worst.name}: {worst.reason}" if worst is not None else ""),
        assemblies=bodies,
        pauses=[pause_status(each, wall_at) for each in state.pauses],
        held=waits,
        held_since=since,
        observing=state.observing,
        stale=state.stale,
    )


def unattended(status: DeployableStatus, word: str, reason: str) -> DeployableStatus:
    """The status while nobody looks after the deployable: what was known last is not what is known now."""
    return status.model_copy(update={"state": word, "reason": reason})


def unwritable(status: DeployableStatus, trouble: Exception | None) -> DeployableStatus:
    """The status while nothing can be recorded: it is what is seen, and nothing comes of it."""
    return status if trouble is None else status.model_copy(update={"held": f"nothing is done: {trouble}", "held_since": None})


def summary(state: DeployableState) -> DeployableSummary:
    """The same in a line."""
    words = [assembly_word(each) for each in state.assemblies.values()]
    return DeployableSummary(
        name=state.name,
        state=deployable_word(state),
        desired=state.desired,
        assemblies=len(words),
        healthy=words.count("healthy"),
        observing=state.observing,
    )


def unattended_summary(name: str) -> DeployableSummary:
    """The line of a deployable of which nothing is known."""
    return DeployableSummary(name=name, state="unknown", desired="unknown", assemblies=0, healthy=0)


def assembly_status(state: DeployableState, name: str, assembly: AssemblyState, wall_at: Callable[[float], float]) -> AssemblyStatus:
    """How an assembly stands."""
    plan = state.plan.assembly(name) if state.plan is not None else None
    word = assembly_word(assembly)
    waits, since = held(assembly.recovery, wall_at)
    return AssemblyStatus(
        name=name,
        state=word,
        reason=assembly_reason(word, assembly),
        since=moment(wall_at(assembly.word_since)),
        infrastructure=assembly.instance.infrastructure if assembly.instance else (plan.infrastructure if plan else ""),
        instance=instance_body(assembly.instance, adopted=assembly.adopted) if assembly.instance is not None else None,
        resources=[resource_status(each, resource, assembly, wall_at) for each, resource in assembly.resources.items()],
        held=waits,
        held_since=since,
    )


def assembly_reason(word: str, assembly: AssemblyState) -> str:
    """Why it is not healthy: its own reason, else that of the first resource that has one."""
    if word == "healthy":
        return ""
    own = assembly.blocked or assembly.reason or assembly.held
    if assembly.still:
        return "; ".join(part for part in (own, STANDS) if part)
    if own or assembly.stage not in {Stage.VERIFYING, Stage.UP}:  # while services are started, that they do not run is no reason
        return own
    return next((f"{name}: {each.reason}" for name, each in assembly.resources.items() if each.reason), "")


def resource_status(name: str, state: ResourceState, owner: AssemblyState, wall_at: Callable[[float], float]) -> ResourceStatus:
    """How a resource stands, as far as it can be seen: on a machine that is not up or out of sight it cannot."""
    word, since = seen_word(state, owner), moment(wall_at(state.word_since))
    if owner.stage not in TELLING:
        return ResourceStatus(name=name, state=word, reason="", since=since)
    if not owner.contact and not state.blocked:
        return ResourceStatus(name=name, state=word, reason=f"out of sight; it was {resource_word(state)}", since=since)
    waits, held_since = held(state.recovery, wall_at)
    return ResourceStatus(name=name, state=word, reason=state.blocked or state.reason, since=since, held=waits, held_since=held_since)


def seen_word(state: ResourceState, owner: AssemblyState) -> str:
    """The one word of a resource, as far as it can be seen."""
    if owner.stage not in TELLING:
        return "stopped" if owner.instance is None or owner.stage is Stage.ABSENT else "waiting"
    return "unknown" if not owner.contact and not state.blocked else resource_word(state)


def instance_body(instance: Instance, *, adopted: bool) -> InstanceStatusBody:
    """The machine."""
    return InstanceStatusBody(
        id=instance.id,
        generation=instance.generation,
        address=instance.address,
        port=instance.port,
        user=instance.user,
        adopted=adopted,
    )
