"""The Protocols through which the DPE meets what does the work; the daemon's entry wires them together.

Rules: implementations raise only types of ``pcloud.errors`` and CancelledError; whatever waits has a timeout of its own or takes one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pcloud.model.actions import Report
from pcloud.model.facts import JournalFact
from pcloud.model.guards import GuardWord, PermitRequest, Relaunched, Standing
from pcloud.model.instance import Instance, InstanceReading, LaunchOrder, PortReading, Tags, VolumeReading
from pcloud.model.plan import AssemblyPlan, ResourcePlan
from pcloud.model.state import DeployableState
from pcloud.model.words import Reach, Verdict


@dataclass(frozen=True, slots=True)
class ContactSeen:
    """The machine answers: connected, host key verified, watcher running. ``boot_id`` tells one boot from the next."""

    boot_id: str


@dataclass(frozen=True, slots=True)
class ContactMissed:
    """An attempt of ours to reach the machine failed; repeated with every failed attempt.

    ``last_seen`` is the loop's time of the last sign of life on this connection, None if there was none.
    """

    reason: str
    last_seen: float | None


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """Its SSH server has sent its banner, in an attempt that follows a failed one: an answer of the service, if not yet contact."""


@dataclass(frozen=True, slots=True)
class ContactUnclear:
    """It cannot be told whether the machine is alive: authentication refused, host key changed, our own overload."""

    reason: str


@dataclass(frozen=True, slots=True)
class ProbeSeen:
    """One result of one probe: ``key`` is "" for the resource agent's own monitor, else the check's key.

    Reported on every change, and on every run that did not pass.
    """

    resource: str
    key: str
    verdict: Verdict
    reason: str
    patience: float = 30.0  # seconds for which PENDING is no failure
    restarts: int | None = None  # how often the machine's own supervisor has restarted it, where it counts (systemd's NRestarts)


@dataclass(frozen=True, slots=True)
class ProvisionSeen:
    """The provisioning script has ended with ``status``; ``tail`` is the end of its output (at most 2,000 characters)."""

    status: int
    tail: str


@dataclass(frozen=True, slots=True)
class StoppingSeen:
    """The machine says itself that it is going down in good order, to stay off or to boot again. What asked for it is not known."""


Sighting = ContactSeen | ContactMissed | ServerSeen | ContactUnclear | ProbeSeen | ProvisionSeen | StoppingSeen


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one action in a machine: ``status`` is the exit status, None when the time ran out or the connection broke.

    ``reason`` is one line for people, empty when all is well; ``output`` the end of what it printed (at most 2,000 characters).
    """

    status: int | None
    reason: str = ""
    output: str = ""
    hard: bool = False  # trying again cannot help (policy.md section 1)
    lost: bool = False  # the connection broke: whether it was done is not known

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return self.status == 0


class Agent(Protocol):
    """Eyes and hands in one instance: keeps a connection, reports what it sees, does what it is told."""

    async def run(self) -> None:
        """Keep the connection and the watcher up until cancelled; reconnects by itself and never raises for the machine's faults."""

    def watch(self, assembly: AssemblyPlan, environment: Callable[[], Mapping[str, str]]) -> None:
        """Watch by this plan from now on (its http checks have no references left); also makes every probe run and report once more.

        ``environment`` is asked whenever probes are sent: commands, scripts and OCF agents run with it, as in ``execute``.
        """

    def probe_again(self) -> None:
        """Run every probe at once and report each result, changed or not."""

    def reach_again(self) -> None:
        """Where there is no connection, try now instead of after a pause; an attempt that is under way is followed by another."""

    async def start(self, resource: ResourcePlan, environment: Mapping[str, str], action_id: str = "") -> Outcome:
        """Start it, within its ``action_timeout`` or else the service's own; ok if it runs already.

        With ``action_id`` it is done once under that id (policy.md section 6): it goes on in the machine when the connection breaks, and
        whoever asks for the same id again gets what became of it. One such action at a time on one resource; the next waits for it.
        """

    async def stop(self, resource: ResourcePlan, environment: Mapping[str, str], action_id: str = "") -> Outcome:
        """Stop it, likewise; ok if it is stopped already."""

    async def running(self, resource: ResourcePlan) -> Verdict:
        """The agent's own monitor, once; PASSED for a resource that is a check alone."""

    async def await_packages(self, timeout: float) -> None:
        """Return when no package is being changed in the machine, after ``timeout`` seconds, or when the connection is lost."""

    async def execute(self, script: str, environment: Mapping[str, str], timeout: float, action_id: str = "") -> Outcome:
        """Run a shell script with ``environment``, which no other process in the machine can read in its arguments.

        With ``action_id`` it is done once, as in ``start``, and one such script at a time.
        """

    def give_up(self, action_id: str) -> None:
        """Nobody wants what is being done under this id: end it in the machine. The call that waits for it is cancelled right after."""

    async def reach(self, address: str, port: int, timeout: float) -> Reach:
        """Try to reach a port from inside this machine, through the connection that is there."""


@dataclass(frozen=True, slots=True)
class SecretReading:
    """A secret's value, and what is wrong with the place that it came from, for people; "" where nothing is."""

    value: str = field(repr=False)
    complaint: str = ""


class AgentFactory(Protocol):
    """Makes the agent of one instance; ``report`` is called in the loop's thread and must not block."""

    def __call__(self, deployable: str, assembly: AssemblyPlan, instance: Instance, report: Callable[[Sighting], None]) -> Agent: ...


class Infrastructure(Protocol):
    """One account at one cloud. All calls raise InfrastructureError, AmbiguousError or HardInfrastructureError."""

    @property
    def name(self) -> str: ...

    @property
    def lateness(self) -> float:
        """Seconds within which what somebody asked for who did not get the answer may still show: an instance, a reboot."""

    @property
    def user_data_limit(self) -> int | None:
        """Bytes that the user data of an instance may have, base64-encoded as it is sent; None where any length is taken."""

    async def find(self, deployable: str, assembly: str) -> Sequence[InstanceReading]:
        """All instances that carry this controller's tags for the assembly, of whatever generation and status."""

    async def instances(self) -> Sequence[InstanceReading]:
        """All instances that carry tags as ours do, of whatever controller and status."""

    async def read(self, instance_id: str) -> InstanceReading:
        """This very instance, asked by its id; status ABSENT when the cloud knows no such id."""

    async def create(self, order: LaunchOrder) -> InstanceReading:
        """Ask for an instance; returns when the cloud has accepted, not when it runs."""

    async def start(self, instance_id: str) -> None:
        """Power on."""

    async def stop(self, instance_id: str) -> None:
        """Power off, orderly where the guest plays along; returns when the cloud has accepted."""

    async def reboot(self, instance_id: str, *, hard: bool) -> None:
        """Reboot; returns when the cloud has accepted."""

    async def destroy(self, instance_id: str) -> None:
        """Delete; no error if it is gone already. Volumes stay."""

    async def tag(self, instance_id: str, mark: Tags | None) -> None:
        """Put these tags of ours on it in the place of others of ours, or take ours off; what else it is tagged with stays."""

    async def volume(self, deployable: str, assembly: str, name: str, size: int) -> str:
        """The id of the assembly's volume of that name, created with ``size`` bytes if there is none."""

    async def volumes(self) -> Sequence[VolumeReading]:
        """All volumes that carry tags as ours do, of whatever controller."""

    async def release(self, volume_id: str) -> None:
        """Detach the volume from whatever holds it; returns when it is free."""

    async def delete_volumes(self, deployable: str) -> Sequence[str]:
        """Delete all volumes of a deployable; returns their names."""

    async def delete_volume(self, volume_id: str) -> None:
        """Delete this one; no error if it is gone already. InfrastructureError while it is attached."""

    async def ports(self) -> Sequence[PortReading]:
        """All ports and floating addresses that carry tags as ours do, of whatever controller. Where an infrastructure has none: none."""

    async def delete_ports(self, deployable: str) -> Sequence[str]:
        """Delete all ports and floating addresses of a deployable; returns them in words. InfrastructureError while one is attached."""

    async def delete_port(self, port_id: str) -> None:
        """Delete this port or floating address, likewise; no error if it is gone already."""

    async def console(self, instance_id: str) -> str:
        """The end of the console's output; empty where the cloud keeps none."""


class Guards(Protocol):
    """The controller's guards, as one DPE meets them (policy.md section 5). Nothing blocks; words come back through ``hear``."""

    def attend(self, deployable: str, hear: Callable[[GuardWord], None], relaunched: Sequence[Relaunched] = ()) -> None:
        """Send its words here from now on, forget what was asked before; one that has just started learns what was ``relaunched``."""

    def stand(self, standing: Standing) -> None:
        """The deployable stands like this now."""

    def ask(self, request: PermitRequest) -> None:
        """May this begin? Asked again under the same id it is answered again."""

    def give_back(self, deployable: str, permit: str) -> None:
        """The permit is not needed any more."""

    async def anchor(self, infrastructure: str, deployable: str, assembly: str) -> tuple[str, bool]:
        """An anchor on the assembly's network, and whether it answers: a configured one, else another assembly, else the cloud's API."""


class Keyring(Protocol):
    """SSH keys that must be known before a machine boots; made on first use and kept."""

    def client_public(self, deployable: str) -> str:
        """The public line of the deployable's own key, which every machine of it lets in."""

    def client_path(self, deployable: str) -> str:
        """The file of the private half."""

    def host_pair(self, deployable: str, assembly: str, generation: int) -> tuple[str, str]:
        """Private key (OpenSSH PEM) and public line of one instance's host key; the same pair every time it is asked."""

    def forget(self, deployable: str) -> None:
        """Remove all keys of a deployable that is deleted."""

    def tags(self, deployable: str, assembly: str, generation: int) -> Tags:
        """The tags of that instance, with this controller's own name in them."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A deployable's state as it was stored, with the moments of storing: loop age and wall time belong to the one who loads it."""

    state: DeployableState
    at: float
    wall: float
    doubt: str = ""  # why whoever loads it must not trust it, or himself, until somebody says so


@dataclass(frozen=True, slots=True)
class Load:
    """How much a DPE has to do: facts that wait in its inbox, how many have room there, and actions under way."""

    waiting: int
    room: int
    performing: int


class Journal(Protocol):
    """Where states, open intents, facts and reports become durable.

    Raises UnwritableError when nothing of it was written, and any other StoreError when that cannot be told.
    """

    async def record(
        self, state: DeployableState, *, at: float, wall: float, reports: Sequence[Report], facts: Sequence[JournalFact] = ()
    ) -> None:
        """One transaction: the state with its open intents, the facts that led to it, and the reports. Durable when it returns."""

    async def writable(self) -> None:
        """Return when it is worth trying again after an UnwritableError."""
