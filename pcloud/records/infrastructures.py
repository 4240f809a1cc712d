"""Infrastructures as the API tells of them: what is configured, and what came of trying one."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class InfrastructureSummary(BaseModel):
    """One account at one cloud, as it is configured. ``poll``: seconds between two questions about everything."""

    name: str
    driver: str
    cloud: str
    anchors: list[str]
    poll: float


class TrialRequest(BaseModel):
    """How far to go. ``launch``: launch a machine and make a volume too, and destroy both. Empty: the first image, the smallest size."""

    model_config = ConfigDict(extra="forbid", strict=True)

    launch: bool = False
    image: str = Field(default="", max_length=200)
    size: str = Field(default="", max_length=200)


class Found(StrEnum):
    """What came of one step. ``lacking``: the driver cannot do it, so that no deployable there can ask for it."""

    PASSED = "passed"
    FAILED = "failed"
    LACKING = "lacking"
    SKIPPED = "skipped"


class TrialStep(BaseModel):
    """One thing that was tried: what was found, how long it took, and what would help."""

    what: str
    found: Found
    said: str
    cure: str = ""
    seconds: float = 0.0


class InfrastructureTrial(BaseModel):
    """All steps, in order. ``ok``: none has failed."""

    name: str
    driver: str
    ok: bool
    steps: list[TrialStep]
