"""What ``step`` orders: actions, questions and reports. Imperative; the shell does them and answers with events.

Rules:
- An **action** changes the world. It is stored as an open intent before it is begun, carries an id, and is idempotent: done again under the
  same id (``resumed``) it finds what the first time did.
- A **question** asks another sight and changes nothing; it is not stored, and a lost answer is asked for again.
- A **report** is a line of the journal.
"""

from __future__ import annotations

from dataclasses import dataclass

from pcloud.model.drafts import quick
from pcloud.model.evidence import Evidence
from pcloud.model.guards import GuardVerdict, PermitRequest
from pcloud.model.instance import Instance
from pcloud.model.plan import ResourcePlan
from pcloud.model.words import Choice, Rung

POLICY_VERSION = 4
"""Counted up with every release in which ``step`` decides anything differently or its state has another shape; both carry it.

A state of the version before is made one of this by ``pcloud.records.migrating``.
"""


@dataclass(frozen=True, slots=True)
class RestartResource:
    """Stop and start one service. ``timeout`` in seconds: of all of it as far as the plan can tell (``ResourcePlan.action_limit``).

    The same of the next two.
    """

    id: str
    assembly: str
    resource: str
    generation: int
    timeout: float


@dataclass(frozen=True, slots=True)
class StartResources:
    """Start services of an assembly in this order, stopping each first where ``restart``; before all, those of ``former`` are stopped."""

    id: str
    assembly: str
    generation: int
    resources: tuple[str, ...]
    timeout: float
    restart: bool = False
    former: tuple[ResourcePlan, ...] = ()


@dataclass(frozen=True, slots=True)
class StopResources:
    """Stop services of an assembly in this order."""

    id: str
    assembly: str
    generation: int
    resources: tuple[str, ...]
    timeout: float


@dataclass(frozen=True, slots=True)
class ConfigureAssembly:
    """Run the assembly's configure script with these parameters."""

    id: str
    assembly: str
    generation: int
    parameters: tuple[tuple[str, str], ...]
    timeout: float


@dataclass(frozen=True, slots=True)
class RebootAssembly:
    """Reboot the instance; done when the cloud has accepted. ``boot_id`` is the one to leave behind."""

    id: str
    assembly: str
    instance: Instance
    boot_id: str
    hard: bool
    timeout: float


@dataclass(frozen=True, slots=True)
class FenceInstance:
    """Make sure that the instance no longer runs: stop it and read SHUTOFF (policy.md section 6).

    ``disposable``: nothing can be lost with it (no volumes, or never reached), so that it may be deleted where it cannot be stopped.
    """

    id: str
    assembly: str
    instance: Instance
    timeout: float
    disposable: bool = False


@dataclass(frozen=True, slots=True)
class LaunchInstance:
    """Find the instance of this generation by its tags, or create it, with its volumes."""

    id: str
    assembly: str
    generation: int
    infrastructure: str
    timeout: float


@dataclass(frozen=True, slots=True)
class DestroyInstance:
    """Delete the instance of an assembly that is being stopped, and whatever else was launched for it. Its volumes stay.

    ``generation`` is the highest that was ever intended: one above it is somebody else's.
    """

    id: str
    assembly: str
    generation: int
    instance: Instance | None
    infrastructure: str
    timeout: float


@dataclass(frozen=True, slots=True)
class DiscardInstance:
    """Delete a fenced and replaced instance."""

    id: str
    assembly: str
    instance_id: str
    infrastructure: str
    timeout: float


@dataclass(frozen=True, slots=True)
class StopTwin:
    """Stop an instance that runs and is not the one that the assembly runs on; nothing of it is deleted."""

    id: str
    assembly: str
    instance_id: str
    infrastructure: str
    timeout: float


GuestAction = RestartResource | StartResources | StopResources | ConfigureAssembly
MachineAction = RebootAssembly | FenceInstance | LaunchInstance | DestroyInstance | DiscardInstance | StopTwin
Action = GuestAction | MachineAction


@dataclass(frozen=True, slots=True)
class ReadInstance:
    """Ask the cloud for this very instance."""

    assembly: str
    instance: Instance


@dataclass(frozen=True, slots=True)
class AskPeers:
    """Ask each peer whether it reaches these ports of the assembly."""

    assembly: str
    instance: Instance
    peers: tuple[str, ...]
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProbeAgain:
    """Run every probe of the assembly at once and report each result. ``contact``: and try at once to reach it, where nobody does."""

    assembly: str
    contact: bool = False


@dataclass(frozen=True, slots=True)
class AskAnchors:
    """Ask whether an anchor on the assembly's own network answers."""

    assembly: str
    instance: Instance


@quick
@dataclass(frozen=True, slots=True)
class AskPermit:
    """Ask the controller's guards whether this recovery may begin now. The answer may come late, and more than once."""

    assembly: str
    resource: str
    request: PermitRequest


@dataclass(frozen=True, slots=True)
class ReturnPermit:
    """A permit that is asked for, or was granted, is not needed any more."""

    assembly: str
    permit: str


Question = ReadInstance | AskPeers | AskAnchors | ProbeAgain | AskPermit | ReturnPermit


@quick
@dataclass(frozen=True, slots=True)
class Decision:
    """Why something was done or not done (policy.md section 7). The id of the first one is carried by every report of the same recovery.

    ``failures``, ``of`` and ``within`` are the counters after it, ``before`` the failures in the window before. ``action`` is what is done,
    or what would have been, as ``choice`` says.
    """

    id: str
    choice: Choice
    rule: str  # where in the policy
    action: Rung | None = None
    rung: Rung | None = None
    failures: int = 0
    of: int = 0
    within: float = 0.0
    evidence: tuple[str, ...] = ()
    next: str = ""  # what the next failure would do
    policy: int = POLICY_VERSION
    before: int = 0
    guards: tuple[GuardVerdict, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Report:
    """One line of the journal. ``before`` and ``after`` are the words that are shown as from and to, ``guards`` who let something pass.

    ``decision`` is the one whose recovery this belongs to; a record that comes later in it (a guard's hold, its end) has an id of its own.
    """

    kind: str
    assembly: str = ""
    resource: str = ""
    before: str = ""
    after: str = ""
    reason: str = ""
    decision: str = ""
    record: Decision | None = None
    alert: bool = False
    guards: tuple[GuardVerdict, ...] = ()
    evidence: Evidence | None = None  # what is kept of an instance that is replaced


TAKEOVER = "takeover"
"""The kind of the report that somebody answers for this controller."""

Order = Action | Question | Report
