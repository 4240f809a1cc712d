"""What the guards remember: plain data, all of it made anew from what the DPEs say when the controller starts again.

Rules: nothing here is changed after it was made; counts are kept, so that nobody counts again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from cpe.policy.shelves import Row, Shelf
from pcloud.model.guards import GuardVerdict, PermitRequest, Standing
from pcloud.model.words import Guard


class Place(NamedTuple):
    """One zone of one infrastructure: what a storm is told of."""

    infrastructure: str
    zone: str


class Lane(NamedTuple):
    """Requests that the same guards judge alike: where they act, and how many machines they relaunch in each infrastructure."""

    restart: bool
    condemned: bool
    places: tuple[Place, ...]
    loads: tuple[tuple[str, int], ...]


class Key(NamedTuple):
    """One recovery: its permit, or for one by hand its assembly (or rung)."""

    deployable: str
    recovery: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One recovery in flight in one infrastructure. ``begun``: a standing shows it; else it is a permit that was granted."""

    zones: tuple[str, ...]
    load: int
    restart: bool
    begun: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that is held. ``number``: the older, the lower; ``parked``: by its own deployable's cap, and in no lane."""

    request: PermitRequest
    lane: Lane
    number: int
    parked: bool


@dataclass(frozen=True, slots=True)
class Permit:
    """A permit that was granted at ``at``, on these verdicts. ``used``: a standing has shown it."""

    request: PermitRequest
    lane: Lane
    guards: tuple[GuardVerdict, ...]
    at: float
    used: bool = False


@dataclass(frozen=True, slots=True)
class Ward:
    """One deployable. ``doubt`` is what it was told last of the way out; ``seat`` its number among those with checks from here."""

    standing: Standing | None = None
    waiting: dict[str, Waiting] = field(default_factory=dict)
    permits: dict[str, Permit] = field(default_factory=dict)
    claims: dict[tuple[str, Key], Claim] = field(default_factory=dict)  # by infrastructure and recovery
    doubt: bool | None = None
    seat: int | None = None


@dataclass(frozen=True, slots=True)
class Latch:
    """A storm or a freeze since ``since``; ``calm`` is since when it would be over."""

    since: float
    calm: float | None = None
    alerted: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The assemblies of one place: how many, how many of them unhealthy, and how many silent while the cloud calls them ACTIVE."""

    assemblies: int = 0
    unhealthy: int = 0
    mute: int = 0
    storm: Latch | None = None
    silence: Latch | None = None


@dataclass(frozen=True, slots=True)
class Freeze:
    """Recoveries do not verify. ``trial`` is the deployable of the one that is tried alone; the next not before ``pause``."""

    since: float
    culprits: tuple[str, ...]
    trial: str = ""
    pause: float = 0.0
    alerted: bool = False


@dataclass(frozen=True, slots=True)
class Relaunching:
    """Machines relaunched together. ``at`` None: it may begin at any moment, and counts whatever time it is."""

    at: float | None
    load: int


@dataclass(frozen=True, slots=True)
class Region:
    """One infrastructure: what is in flight in it, what was relaunched lately, and how its last recoveries ended, newest first."""

    flights: dict[Key, Claim] = field(default_factory=dict)
    restarts: dict[Key, Claim] = field(default_factory=dict)
    pending: dict[Key, float] = field(default_factory=dict)  # permits not used yet, and when they end; the first ends first
    relaunches: dict[Key, Relaunching] = field(default_factory=dict)
    endings: tuple[tuple[str, bool], ...] = ()
    freeze: Freeze | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """The requests of one lane. ``guard`` is what each of them was told last."""

    row: Row[Key] = field(default_factory=Row[Key])
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class Oversight:
    """All of it. ``outside`` and ``failing`` count assemblies with checks from here, ``seats`` the deployables that have such.

    ``gathering``: not all are heard of yet that are there, so that no share of them means anything; ``early`` have asked meanwhile.
    """

    wards: Shelf[Ward] = field(default_factory=Shelf[Ward])
    groups: dict[Place, Group] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)
    queues: dict[Lane, Queue] = field(default_factory=dict)
    outside: int = 0
    failing: int = 0
    doubted: bool = False
    seats: Row[str] = field(default_factory=Row[str])
    number: int = 0
    gathering: bool = False
    early: tuple[Key, ...] = ()
    wake_at: float | None = None
