"""Taking a machine under care that is there already: what is asked, and what was found of it."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, Field

from pcloud.records.operating import OperatorWord

LONGEST_ID: Final = 200
"""Characters; clouds' ids are UUIDs or shorter."""
LONGEST_KEY: Final = 10_000
"""Characters of a line; an RSA key of 16,384 bits has 2,800."""

KeySource = Literal["you", "console", "offered"]
"""Who says that this is the machine's host key; what is only ``offered`` by it nobody vouches for."""


class AdoptRequest(OperatorWord):
    """``instance`` is the infrastructure's id of it; ``host_key`` its SSH host key as one public line, if whoever asks knows it."""

    instance: str = Field(min_length=1, max_length=LONGEST_ID)
    host_key: str = Field(default="", max_length=LONGEST_KEY)


class Adoption(BaseModel):
    """What adopting would take under care. ``fingerprint`` is the host key's; ``replaces`` an instance that would be taken for dead."""

    assembly: str
    instance: str
    infrastructure: str
    generation: int
    address: str
    port: int
    user: str
    host_key: str
    fingerprint: str
    key_source: KeySource
    replaces: str = ""
    zone: str = ""
