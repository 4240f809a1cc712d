"""Audits as the API tells of them: what at an infrastructure carries tags as ours do, and is not ours.

Rules: what is to be deleted is named one by one, and is judged again before anything is done to it.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, Field

from pcloud.model.words import Belonging
from pcloud.records.operating import OperatorWord


class ThingKind(StrEnum):
    """What a cloud has that may stray. Addresses come and go with their instances, wherever machines can be launched."""

    INSTANCE = "instance"
    VOLUME = "volume"


class AuditFinding(BaseModel):
    """Something that is not ours. ``status`` of an instance is the cloud's word; of a volume, which instance holds it, or "free".

    ``generation`` is None for a volume, ``volume`` empty for an instance. ``reason`` is a sentence.
    """

    kind: ThingKind
    id: str
    name: str
    status: str
    belonging: Belonging
    reason: str
    controller: str
    deployable: str
    assembly: str
    generation: int | None = None
    volume: str = ""

    @property
    def whose(self) -> str:
        """What its tags say, in short."""
        place = f"{self.deployable}/{self.assembly}"
        return f"{place}/{self.volume}" if self.volume else f"{place} generation {self.generation}"


class Cleaned(BaseModel):
    """What became of something that was to be deleted. ``said`` says why not, where it is not ``done``."""

    kind: ThingKind
    id: str
    done: bool
    said: str


class InfrastructureAudit(BaseModel):
    """What was found at one infrastructure. ``instances`` and ``volumes`` are how many were looked at: all with tags as ours.

    ``clean``: nothing strays, and nothing is of a higher generation than ours.
    """

    name: str
    driver: str
    clean: bool
    instances: int
    volumes: int
    found: list[AuditFinding]
    cleaned: list[Cleaned] = Field(default_factory=list)


class CleanRequest(OperatorWord):
    """Delete these, by their ids, as far as they are strays: instances are switched off and seen off first; volumes go with their data."""

    instances: list[str] = Field(default_factory=list, max_length=1000)
    volumes: list[str] = Field(default_factory=list, max_length=1000)
