"""What a DPE is given to work with; the daemon's entry fills it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dpe.shell.stalls import StallWatch
from pcloud.model.plan import Secret
from pcloud.model.ports import AgentFactory, Guards, Infrastructure, Journal, Keyring, SecretReading


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``infrastructure`` raises InfrastructureError for a name that is not configured; ``secret`` SecretError."""

    journal: Journal
    keyring: Keyring
    agents: AgentFactory
    infrastructure: Callable[[str], Infrastructure]
    secret: Callable[[Secret], SecretReading]
    wall: Callable[[], float]
    guards: Guards
    stalls: StallWatch = field(default_factory=StallWatch)
