"""What ``args`` of an infrastructure with the driver ``machine`` may say."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pcloud.spec.fields import wrong

_INTERFACE = re.compile(r"[a-z][-a-z0-9]{0,14}")


def _bridge(name: str) -> str:
    if not _INTERFACE.fullmatch(name):
        raise wrong(f"{name!r} cannot be the name of a bridge", "use lower-case letters, digits and hyphens, at most 15 of them")
    return name


def _subnet(net: IPv4Network) -> IPv4Network:
    if not net.is_private or not 8 <= net.prefixlen <= 28:
        raise wrong(f"{net} is no private network of 14 addresses or more", "write one such as 10.213.0.0/24")
    return net


def _image(place: Path) -> Path:
    if not place.is_absolute():
        raise wrong(f"{place} is no absolute path", "name the directory that holds the image's root file system")
    return place


class MachineArgs(BaseModel):
    """``images`` are root file systems by name; ``bridge`` is made on this host, with the first address of ``subnet``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: Annotated[dict[str, Annotated[Path, AfterValidator(_image)]], Field(min_length=1)]
    bridge: Annotated[str, AfterValidator(_bridge)] = "pcloud0"
    subnet: Annotated[IPv4Network, AfterValidator(_subnet)] = IPv4Network("10.213.0.0/24")
