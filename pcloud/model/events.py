"""What ``step`` is told: facts, past tense. Each carries ``at`` (the deployable's monotonic clock) and ``wall`` (POSIX seconds)."""

from __future__ import annotations

from dataclasses import dataclass

from pcloud.model.drafts import quick
from pcloud.model.event import Event as Event
from pcloud.model.guards import GuardVerdict
from pcloud.model.instance import Instance
from pcloud.model.operators import ApprovalGiven as ApprovalGiven
from pcloud.model.operators import CleanupAsked as CleanupAsked
from pcloud.model.operators import DeathConfirmed as DeathConfirmed
from pcloud.model.operators import InstanceAdopted as InstanceAdopted
from pcloud.model.operators import OperatorAsked as OperatorAsked
from pcloud.model.operators import OperatorSaid as OperatorSaid
from pcloud.model.operators import PauseAsked as PauseAsked
from pcloud.model.operators import RecoveryAsked as RecoveryAsked
from pcloud.model.operators import ResumeAsked as ResumeAsked
from pcloud.model.operators import RetryAsked as RetryAsked
from pcloud.model.operators import TakeoverAsked as TakeoverAsked
from pcloud.model.plan import DeployablePlan
from pcloud.model.probing import PROBE_EVENTS as PROBE_EVENTS
from pcloud.model.probing import ProbeBroken as ProbeBroken
from pcloud.model.probing import ProbeFailed as ProbeFailed
from pcloud.model.probing import ProbeMissed as ProbeMissed
from pcloud.model.probing import ProbePassed as ProbePassed
from pcloud.model.probing import ProbePending as ProbePending
from pcloud.model.probing import ProbeReported as ProbeReported
from pcloud.model.probing import ProbeUnknown as ProbeUnknown
from pcloud.model.words import InstanceStatus, Reach


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged(Event):
    """The spec's plan is this from now on. ``spec`` names the spec itself where it is another one: both become durable together."""

    plan: DeployablePlan
    spec: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class SecretNoted(Event):
    """Something is to be told of a secret of the assembly: it has changed, cannot be read, or others can read it. Never its value."""

    assembly: str
    reason: str
    alert: bool = False


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked(Event):
    """Time has come to ``wake_at``."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerResumed(Event):
    """A new controller process goes on from the stored state; answers to open actions may be lost.

    ``doubt`` is why it must not trust what it knows, or itself; empty if it may (policy.md section 6).
    """

    doubt: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerStalled(Event):
    """For ``seconds`` nobody looked: a stall, a suspension, a jump of the clock. What came in meanwhile was taken in before this."""

    seconds: float


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class PermitGranted(Event):
    """The guards let a recovery begin."""

    permit: str
    guards: tuple[GuardVerdict, ...] = ()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class PermitHeld(Event):
    """A guard stands in the way: the last of ``guards``. It is granted, or held by another, when that changes."""

    permit: str
    guards: tuple[GuardVerdict, ...]


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideDoubted(Event):
    """Whether the controller doubts its own way out: checks from it that fail are then unknown (policy.md section 5)."""

    doubted: bool
    numbers: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactMade(Event):
    """We are connected to the machine."""

    assembly: str
    generation: int
    boot_id: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLost(Event):
    """An attempt of ours to reach the machine failed. ``last_seen`` is the moment of its last sign of life."""

    assembly: str
    generation: int
    reason: str
    last_seen: float


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAnswered(Event):
    """Its SSH server has sent its banner, after an attempt that failed; whether a login follows is not known yet."""

    assembly: str
    generation: int


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ContactBlurred(Event):
    """Contact says nothing either way: authentication refused, host key changed."""

    assembly: str
    generation: int
    reason: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionFinished(Event):
    """The provisioning script of this generation has ended."""

    assembly: str
    generation: int
    status: int
    tail: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class CloudAnswered(Event):
    """The cloud's word about this very instance. ``stopped_by``: who switched it off by the cloud's own record, if that was not us."""

    assembly: str
    instance_id: str
    status: InstanceStatus
    stopped_by: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class CloudUnreachable(Event):
    """The cloud's API did not answer."""

    assembly: str
    instance_id: str
    reason: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAnswered(Event):
    """What a peer found at a port of the assembly."""

    assembly: str
    generation: int
    peer: str
    port: int
    reach: Reach


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorAnswered(Event):
    """Whether an address that should always answer the controller does, on the assembly's own network."""

    assembly: str
    generation: int
    anchor: str
    answered: bool


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class GuestStopping(Event):
    """The machine itself says that it is going down in good order."""

    assembly: str
    generation: int


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class StopRecorded(Event):
    """The cloud's own record of a stop that we did not ask for. ``user`` is empty for the hypervisor's power sync: that is a crash."""

    assembly: str
    instance_id: str
    user: str = ""
    request: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceListed(Event):
    """An instance with this controller's tags for the assembly stood in the cloud's list, expected or not."""

    assembly: str
    instance_id: str
    infrastructure: str
    generation: int
    status: InstanceStatus


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDone(Event):
    """The action with this id is done. ``tail`` is the end of what a reboot command printed."""

    action: str
    tail: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceLaunched(ActionDone):
    """There is an instance of the generation that was asked for."""

    instance: Instance


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceFenced(ActionDone):
    """The instance is off. ``console`` is the end of what it printed, kept as evidence; empty where there is none."""

    console: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceMissing(ActionDone):
    """A fence found no such instance: gone without our doing."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFailed(Event):
    """The action with this id failed."""

    action: str
    reason: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRefused(ActionFailed):
    """It failed and would fail again: a hard error (policy.md section 1)."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class StopFailed(ActionFailed):
    """The stop inside a restart failed or hung: evidence that skips to reboot (policy.md section 3.6)."""
