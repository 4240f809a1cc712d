"""The plan of a reload: what another spec would change, and what is to be done for it.

Rules: ``version`` names what the plan was made against; a reload that carries it is refused when that is not so any more.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Sign = Literal["+", "-", "~"]
"""It joins, it leaves, it is changed."""


class ReloadSetting(BaseModel):
    """One setting that differs. Scripts are not shown, secrets by where they are read; durations in seconds, sizes in bytes.

    ``effect``: ``nothing`` is disturbed, or it takes to ``reconnect``, ``restart``, ``configure``, ``relaunch`` or ``replace``.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    sign: Sign
    setting: str
    from_: str = Field(alias="from")
    to: str
    effect: str


class ReloadChange(BaseModel):
    """What becomes of one assembly, or (with the deployable's name) of what is common to all.

    ``effect`` is the greatest of its settings', or ``launch`` or ``destroy``; ``volumes`` are those that it no longer has, or that are
    left of it: they stay, with their data.
    """

    sign: Sign
    target: str
    effect: str
    settings: list[ReloadSetting] = Field(default_factory=list)
    volumes: list[str] = Field(default_factory=list)
    loses_disk: bool = False


class ReloadPlan(BaseModel):
    """All of it, in the order in which it is done. No change: it is what the spec says already, or on its way there."""

    name: str
    version: str
    desired: str
    changes: list[ReloadChange]
    warnings: list[str] = Field(default_factory=list)
