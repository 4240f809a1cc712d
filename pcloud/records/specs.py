"""What a spec comes to."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class EffectiveSettingBody(BaseModel):
    """One setting of one target; durations in seconds, and 0 failures mean that the rung never escalates.

    ``source`` is ``default``, ``system configuration``, ``infrastructure NAME``, ``deployable``, ``assembly`` or ``resource``; ``line`` is
    its line in the spec, if it stands there. ``applies``: the target uses it itself; what does not is here for what inherits it.
    """

    model_config = ConfigDict(from_attributes=True)

    key: str
    value: bool | int | float | str
    source: str
    line: int | None
    note: str
    applies: bool


class EffectiveTargetBody(BaseModel):
    """All settings of a deployable, an assembly or a resource."""

    model_config = ConfigDict(from_attributes=True)

    target: str
    settings: list[EffectiveSettingBody]


class EffectiveSettings(BaseModel):
    """What the spec at ``path`` comes to: the deployable first, then each assembly, followed by its resources."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    path: str
    targets: list[EffectiveTargetBody]
