"""What the policy knows of one deployable; all of it is stored, and a restart goes on from it.

Rules: every collection is a tuple or a mapping that is replaced, never changed; iteration follows the plan's order. ``plan`` is not stored
with the state: the spec is, and comes back as SettingsChanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pcloud.model.actions import Action
from pcloud.model.instance import Instance
from pcloud.model.plan import DeployablePlan
from pcloud.model.words import Desired, Health, InstanceStatus, Phase, Rung, Stage, Verdict

POLICY_VERSION = 1
"""Counted up when ``step`` decides anything differently; records carry it."""


@dataclass(frozen=True, slots=True)
class ProbeState:
    """One probe of a resource: its last verdict, and how many misses or passes came in a row."""

    verdict: Verdict = Verdict.UNKNOWN
    misses: int = 0
    passes: int = 0
    since: float = 0.0  # when this verdict began
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recovery:
    """One recovery under way. ``until`` ends the phase: the delay, the action's time, or the time to verify."""

    rung: Rung
    phase: Phase
    until: float
    decision: str
    failures: int  # in the window when it was decided
    of: int
    within: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResourceState:
    """One service."""

    health: Health = Health.UNKNOWN
    reason: str = ""
    since: float = 0.0
    probes: Mapping[str, ProbeState] = field(default_factory=dict)
    failures: tuple[float, ...] = ()  # the restart window
    recovery: Recovery | None = None
    action: Action | None = None  # open intent
    suppressed_by: str = ""
    blocked: str = ""
    exhausted: bool = False


@dataclass(frozen=True, slots=True)
class CloudReading:
    """What the cloud said about this very instance, and when."""

    at: float
    status: InstanceStatus


@dataclass(frozen=True, slots=True)
class PeerReading:
    """What a peer found at one of our ports, and when."""

    at: float
    peer: str
    port: int


@dataclass(frozen=True, slots=True)
class Silence:
    """An assembly that does not answer us: since when, and what the other sights have said since."""

    since: float
    last_seen: float
    reason: str
    ask_at: float  # the next time the other sights are asked
    readings: tuple[CloudReading, ...] = ()  # the run of equal condemning words of the cloud: first and last
    cloud: CloudReading | None = None  # its last word, whatever it was
    cloud_lost_at: float | None = None  # since when the cloud's API does not answer
    absent_at: float | None = None  # the first 404 in a row of them
    missed: tuple[PeerReading, ...] = ()
    reached: PeerReading | None = None  # a veto
    refused: PeerReading | None = None


@dataclass(frozen=True, slots=True)
class AssemblyState:
    """One machine and its services."""

    stage: Stage = Stage.ABSENT
    since: float = 0.0  # of the stage
    until: float | None = None  # end of the stage's time
    reason: str = ""  # why it is not healthy, for people
    instance: Instance | None = None
    generation: int = 0  # the highest that was ever intended
    boot_id: str = ""
    provisioned: bool = False
    configured: tuple[tuple[str, str], ...] | None = None  # the parameters that configure last ran with
    action: Action | None = None  # open intent
    recovery: Recovery | None = None
    resources: Mapping[str, ResourceState] = field(default_factory=dict)
    reboots: tuple[float, ...] = ()  # windows
    relaunches: tuple[float, ...] = ()
    silence: Silence | None = None
    unclear: str = ""  # why contact says nothing: authentication, host key
    reached: tuple[PeerReading, ...] = ()  # which peers reached which of our ports, last
    ask_peers_at: float | None = None  # next refresh of ``reached``
    held: str = ""
    blocked: str = ""
    exhausted: bool = False
    retired: tuple[str, ...] = ()  # instances that were fenced and replaced, to be discarded


@dataclass(frozen=True, slots=True)
class DeployableState:
    """The whole of what ``step`` remembers."""

    name: str
    plan: DeployablePlan | None = None
    desired: Desired = Desired.STOPPED
    assemblies: Mapping[str, AssemblyState] = field(default_factory=dict)
    serial: int = 0  # of decisions and actions
    seed: int = 0  # for jitter
    wake_at: float | None = None
    version: int = POLICY_VERSION
