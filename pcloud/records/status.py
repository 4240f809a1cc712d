"""How a deployable stands: the body of its status, in the API, ``--json`` and the tables alike.

Rules: ``held`` says what a recovery of the target waits for (a yes, or which guard), empty while none waits; ``held_since`` is since when.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class InstanceStatusBody(BaseModel):
    """The machine that an assembly runs on now."""

    id: str
    generation: int
    address: str
    port: int
    user: str
    adopted: bool = Field(default=False, description="somebody else has made it: it is never replaced or destroyed")


class ResourceStatus(BaseModel):
    """One service. ``since`` is when ``state`` began."""

    name: str
    state: str
    reason: str
    since: datetime
    held: str = ""
    held_since: datetime | None = None


class AssemblyStatus(BaseModel):
    """One machine and its services."""

    name: str
    state: str
    reason: str
    since: datetime
    infrastructure: str
    instance: InstanceStatusBody | None
    resources: list[ResourceStatus]
    held: str = ""
    held_since: datetime | None = None


class PauseStatus(BaseModel):
    """Who wants nothing to be done, why, and until when. ``assembly`` is None for all of them."""

    assembly: str | None
    owner: str
    reason: str
    until: datetime
    maintenance: bool


class DeployableStatus(BaseModel):
    """One application. ``desired`` is what the operator wants: running or stopped.

    ``observing`` says why the controller only observes it, ``stale`` why nothing at all is done to it; a takeover ends both.
    """

    name: str
    state: str
    desired: str
    reason: str
    assemblies: list[AssemblyStatus]
    pauses: list[PauseStatus] = Field(default_factory=list)
    held: str = ""
    held_since: datetime | None = None
    observing: str = ""
    stale: str = ""


class TargetStatus(BaseModel):
    """Something that can be named: DEPLOYABLE[/ASSEMBLY[/RESOURCE]]."""

    target: str
    state: str


class DeployableSummary(BaseModel):
    """A line of the list. ``observing``: why the controller only observes it."""

    name: str
    state: str
    desired: str
    assemblies: int
    healthy: int
    observing: str = ""
