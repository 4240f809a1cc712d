"""Audits as the API tells of them: what at an infrastructure carries tags as ours do, and is not ours.

Rules: what is to be deleted is named one by one, and is judged again before anything is done to it.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, Field

from pcloud.model.words import Belonging
from pcloud.records.operating import OperatorWord


class ThingKind(StrEnum):
    """What a cloud has that may stray. A floating address is a thing of its own; other addresses come and go with their ports."""

    INSTANCE = "instance"
    VOLUME = "volume"
    PORT = "port"
    ADDRESS = "floating address"


class AuditFinding(BaseModel):
    """Something that is not ours. ``status`` of an instance is the cloud's word; of anything else, which instance holds it, or "free".

    ``generation`` is None but for an instance, ``volume`` empty but for a volume. ``reason`` is a sentence.
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
        if self.kind is ThingKind.INSTANCE:
            return f"{place} generation {self.generation}"
        return f"{place}/{self.volume}" if self.volume else place


class Cleaned(BaseModel):
    """What became of something that was to be deleted. ``said`` says why not, where it is not ``done``."""

    kind: ThingKind
    id: str
    done: bool
    said: str


class InfrastructureAudit(BaseModel):
    """What was found at one infrastructure. ``instances``, ``volumes`` and ``ports`` (with the floating addresses) are how many were looked
    at: all with tags as ours.

    ``clean``: nothing strays, and nothing is of a higher generation than ours.
    """

    name: str
    driver: str
    clean: bool
    instances: int
    volumes: int
    ports: int = 0
    found: list[AuditFinding]
    cleaned: list[Cleaned] = Field(default_factory=list)


class CleanRequest(OperatorWord):
    """Delete these, by their ids, as far as they are strays: instances are switched off and seen off first; volumes go with their data.

    ``ports`` are ports and floating addresses.
    """

    instances: list[str] = Field(default_factory=list, max_length=1000)
    volumes: list[str] = Field(default_factory=list, max_length=1000)
    ports: list[str] = Field(default_factory=list, max_length=1000)
