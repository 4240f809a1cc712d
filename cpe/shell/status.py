"""A deployable's state as the body that the API sends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from dpe.policy.summary import assembly_word, deployable_word, resource_word
from pcloud.model.instance import Instance
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.records.status import AssemblyStatus, DeployableStatus, DeployableSummary, InstanceStatusBody, ResourceStatus


def deployable_status(state: DeployableState, wall_at: Callable[[float], float]) -> DeployableStatus:
    """How a deployable stands; ``wall_at`` turns its moments into POSIX seconds."""
    bodies = [assembly_status(state, name, each, wall_at) for name, each in state.assemblies.items()]
    worst = next((body for body in bodies if body.state != "healthy" and body.reason), None)
    return DeployableStatus(
        name=state.name,
        state=deployable_word(state),
        desired=state.desired,
        reason=f"{worst.name}: {worst.reason}" if worst is not None else "",
        assemblies=bodies,
    )


def summary(state: DeployableState) -> DeployableSummary:
    """The same in a line."""
    words = [assembly_word(each) for each in state.assemblies.values()]
    return DeployableSummary(
        name=state.name, state=deployable_word(state), desired=state.desired, assemblies=len(words), healthy=words.count("healthy")
    )


def assembly_status(state: DeployableState, name: str, assembly: AssemblyState, wall_at: Callable[[float], float]) -> AssemblyStatus:
    """How an assembly stands."""
    plan = state.plan.assembly(name) if state.plan is not None else None
    word = assembly_word(assembly)
    return AssemblyStatus(
        name=name,
        state=word,
        reason=assembly_reason(word, assembly),
        since=moment(wall_at(assembly.since)),
        infrastructure=assembly.instance.infrastructure if assembly.instance else (plan.infrastructure if plan else ""),
        instance=instance_body(assembly.instance) if assembly.instance is not None else None,
        resources=[resource_status(each, resource, wall_at) for each, resource in assembly.resources.items()],
    )


def assembly_reason(word: str, assembly: AssemblyState) -> str:
    """Why it is not healthy: its own reason, else that of the first resource that has one."""
    if word == "healthy":
        return ""
    own = assembly.blocked or assembly.held or assembly.reason
    return own or next((f"{name}: {each.reason}" for name, each in assembly.resources.items() if each.reason), "")


def resource_status(name: str, state: ResourceState, wall_at: Callable[[float], float]) -> ResourceStatus:
    """How a resource stands."""
    return ResourceStatus(name=name, state=resource_word(state), reason=state.blocked or state.reason, since=moment(wall_at(state.since)))


def instance_body(instance: Instance) -> InstanceStatusBody:
    """The machine."""
    return InstanceStatusBody(
        id=instance.id, generation=instance.generation, address=instance.address, port=instance.port, user=instance.user
    )


def moment(wall: float) -> datetime:
    """POSIX seconds as a moment in UTC."""
    return datetime.fromtimestamp(wall, UTC)
