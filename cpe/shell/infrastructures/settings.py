"""What `[infrastructures.NAME]` of the configuration may say (interface.md, "Places")."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints


class InfrastructureSettings(BaseModel):
    """One account at one cloud.

    ``cloud`` names an entry of clouds.yaml; ``args`` go to the driver; ``anchors`` are addresses that should always answer the controller;
    ``poll`` is how often the cloud is asked about everything, in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: str = "local"
    cloud: str = ""
    args: dict[str, JsonValue] = Field(default_factory=dict)
    anchors: tuple[Annotated[str, StringConstraints(pattern=r"^\S+:\d{1,5}$")], ...] = ()
    poll: Annotated[float, Field(gt=0)] = 10.0  # as often as the policy reads a suspect
