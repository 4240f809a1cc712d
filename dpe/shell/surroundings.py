"""What a DPE is given to work with; the daemon's entry fills it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pcloud.model.plan import Secret
from pcloud.model.ports import AgentFactory, Infrastructure, Journal, Keyring


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``infrastructure`` raises InfrastructureError for a name that is not configured; ``secret`` for one that cannot be read."""

    journal: Journal
    keyring: Keyring
    agents: AgentFactory
    infrastructure: Callable[[str], Infrastructure]
    secret: Callable[[Secret], str]
    wall: Callable[[], float]


def environment(secret: Callable[[Secret], str], secrets: tuple[Secret, ...], parameters: Mapping[str, str]) -> dict[str, str]:
    """What an assembly's scripts get as environment: its parameters and the values of its secrets."""
    return {**parameters, **{each.name: secret(each) for each in secrets}}
