"""How a deployable stands: the body of its status, in the API, ``--json`` and the tables alike."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel


class InstanceStatusBody(BaseModel):
    """The machine that an assembly runs on now."""

    id: str
    generation: int
    address: str
    port: int
    user: str


class ResourceStatus(BaseModel):
    """One service. ``since`` is when ``state`` began."""

    name: str
    state: str
    reason: str
    since: datetime


class AssemblyStatus(BaseModel):
    """One machine and its services."""

    name: str
    state: str
    reason: str
    since: datetime
    infrastructure: str
    instance: InstanceStatusBody | None
    resources: list[ResourceStatus]


class DeployableStatus(BaseModel):
    """One application. ``desired`` is what the operator wants: running or stopped."""

    name: str
    state: str
    desired: str
    reason: str
    assemblies: list[AssemblyStatus]


class DeployableSummary(BaseModel):
    """A line of the list."""

    name: str
    state: str
    desired: str
    assemblies: int
    healthy: int
