"""What is kept of replaced instances, as the API tells of it: their last words, and where they stand now."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from pcloud.model.evidence import LastProbe


class Whereabouts(StrEnum):
    """Where a replaced instance is."""

    KEPT = "kept"  # at its cloud, off, so that somebody can look at it
    LEAVING = "leaving"  # at its cloud, to be deleted when its successor is up
    GONE = "gone"  # deleted, or gone before


class InstanceEvidence(BaseModel):
    """What is known of one replaced instance. ``at`` is when it was fenced; ``until``: if it is kept, when it is deleted at the earliest.

    ``generation`` is 0 where it is not known. ``twin``: it was never the assembly's own. ``unseen``: seconds without a sign of life before.
    """

    instance: str
    generation: int
    infrastructure: str
    at: datetime
    whereabouts: Whereabouts
    until: datetime | None = None
    twin: bool = False
    address: str = ""
    why: str = ""
    decision: str | None = None
    console: str = ""
    probes: list[LastProbe] = Field(default_factory=list)
    unseen: float | None = None


class ConsoleNow(BaseModel):
    """The end of the console of an instance that is kept, as its cloud has it now."""

    instance: str
    console: str
