"""What `[infrastructures.NAME]` of the configuration may say (interface.md, "Places")."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from pcloud.spec.fields import wrong

_ANCHOR = re.compile(r"(?P<host>[A-Za-z0-9](?:[-.A-Za-z0-9]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")


def address_of(anchor: str) -> tuple[str, int]:
    """Host and port of HOST:PORT, an IPv6 address in brackets. ValueError."""
    found = _ANCHOR.fullmatch(anchor)
    if found is None or not 1 <= int(found["port"]) <= 65535:
        raise ValueError(anchor)
    return found["host"].strip("[]"), int(found["port"])


def _anchor(anchor: str) -> str:
    try:
        address_of(anchor)
    except ValueError as error:
        raise wrong(f"{anchor!r} is not HOST:PORT", "write it as in 10.0.0.1:22, or [fd00::1]:22") from error
    return anchor


class InfrastructureSettings(BaseModel):
    """One account at one cloud.

    ``cloud`` names an entry of clouds.yaml; ``args`` go to the driver; ``anchors`` are addresses that should always answer the controller;
    ``poll`` is how often the cloud is asked about everything, in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: str = "local"
    cloud: str = ""
    args: dict[str, JsonValue] = Field(default_factory=dict)
    anchors: tuple[Annotated[str, AfterValidator(_anchor)], ...] = ()
    poll: Annotated[float, Field(gt=0)] = 10.0  # as often as the policy reads a suspect
