"""What a deployable should be: the spec with everything inherited and resolved, as the policy and the shell use it.

Made by ``pcloud.spec``; nothing in here refers to files, YAML or inheritance any more. ``${assembly.word}`` references stay in the
texts that may hold them (parameters, http checks) and are resolved when they have values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pcloud.model.words import Mode, OnExhausted, Origin, Rung


@dataclass(frozen=True, slots=True)
class RungSettings:
    """One rung's window. ``failures`` 0 means that it never escalates (-1 or INFINITY in the spec). Durations in seconds."""

    failures: int
    within: float
    delay: float
    max_delay: float
    verify: float


# policy.md section 3, "Defaults".
DEFAULT_RESTART = RungSettings(3, 600.0, 5.0, 300.0, 60.0)
DEFAULT_REBOOT = RungSettings(2, 3600.0, 30.0, 1800.0, 300.0)
DEFAULT_RELAUNCH = RungSettings(2, 21600.0, 60.0, 3600.0, 600.0)
DEFAULT_RELAUNCH_DEPLOYABLE = RungSettings(2, 86400.0, 60.0, 3600.0, 1800.0)


@dataclass(frozen=True, slots=True)
class RecoverySettings:
    """The effective recovery settings of one target."""

    restart: RungSettings = DEFAULT_RESTART
    reboot: RungSettings = DEFAULT_REBOOT
    relaunch: RungSettings = DEFAULT_RELAUNCH
    relaunch_deployable: RungSettings = DEFAULT_RELAUNCH_DEPLOYABLE
    allow: Rung = Rung.REBOOT
    mode: Mode = Mode.ENFORCE
    on_exhausted: OnExhausted = OnExhausted.RETRY
    keep_failed: int = 1

    def rung(self, rung: Rung) -> RungSettings:
        """The window of ``rung``; KeyError for relocate, which has none yet."""
        match rung:
            case Rung.RESTART:
                return self.restart
            case Rung.REBOOT:
                return self.reboot
            case Rung.RELAUNCH:
                return self.relaunch
            case Rung.RELAUNCH_DEPLOYABLE:
                return self.relaunch_deployable
            case Rung.RELOCATE:
                raise KeyError(rung)


@dataclass(frozen=True, slots=True)
class TcpCheck:
    """The port accepts a connection, on the assembly's own address."""

    port: int


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """A GET of ``url`` answers with ``status``, and its body holds ``contains``. May hold ``${…}`` references.

    ``certificate`` is a PEM certificate: the server must have its key, and nothing else is asked of what it shows.
    """

    url: str
    status: int = 200
    contains: str = ""
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """A shell command exits with 0."""

    command: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a resource with its rhythm. ``key`` is unique within the resource, and stable while the check is the same."""

    key: str
    what: TcpCheck | HttpCheck | CommandCheck
    interval: float = 5.0
    timeout: float = 5.0
    fall: int = 3
    rise: int = 1
    origin: Origin = Origin.INSIDE


@dataclass(frozen=True, slots=True)
class SystemdAgent:
    """A systemd unit, with its suffix (``mariadb.service``)."""

    unit: str


@dataclass(frozen=True, slots=True)
class ProcessAgent:
    """A command that stays in the foreground, kept by pcloud itself. ``$PCLOUD_ROOT`` and ``$PCLOUD_ADDRESS`` are expanded by a shell."""

    command: str
    user: str = ""
    directory: str = ""


@dataclass(frozen=True, slots=True)
class ScriptAgent:
    """Three commands. ``monitor`` exits with 0 (running), 7 (not running: hard evidence), or anything else (soft)."""

    start: str
    stop: str
    monitor: str
    user: str = ""
    directory: str = ""


@dataclass(frozen=True, slots=True)
class OcfAgent:
    """A resource agent of the Open Cluster Framework. ``variables`` are params that get what a secret or parameter of the assembly holds.

    ``check_level`` is how deeply its monitor looks, by its own scale (0, 10, 20).
    """

    provider: str
    kind: str
    params: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    check_level: int = 0


@dataclass(frozen=True, slots=True)
class LsbAgent:
    """An init script, by its name in ``/etc/init.d``."""

    script: str


ResourceAgent = SystemdAgent | OcfAgent | LsbAgent | ProcessAgent | ScriptAgent

ACTION_TIMEOUT = 90.0
"""Seconds of a start and of a stop, each, where neither the spec nor the service says them (policy.md section 1)."""


@dataclass(frozen=True, slots=True)
class ResourcePlan:
    """One service. ``agent`` is None where the resource is a check alone; then ``restarts`` names what a restart of it restarts.

    ``action_timeout`` is of its start and its stop, each; None leaves it to the service's own, which only its machine knows. So does
    ``unwritten``: which of ``interval`` and ``timeout`` nobody has written, so that an agent that says its own has it.
    """

    name: str
    agent: ResourceAgent | None
    checks: tuple[Check, ...] = ()
    restarts: str = ""
    interval: float = 5.0  # of the agent's own monitor
    timeout: float = 5.0  # likewise
    action_timeout: float | None = None
    unwritten: tuple[str, ...] = ()
    recovery: RecoverySettings = RecoverySettings()

    @property
    def action_limit(self) -> float:
        """Seconds of its start and of its stop, each, as far as a plan can tell: the service's own may be longer."""
        return self.action_timeout or ACTION_TIMEOUT


@dataclass(frozen=True, slots=True)
class VolumePlan:
    """A disk that outlives every relaunch. ``size`` in bytes; ``mount`` is an absolute path in the machine."""

    name: str
    size: int
    mount: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is never printed: read from ``file`` or the daemon's environment variable ``env``; one of them is set."""

    name: str
    file: str = ""
    env: str = ""


@dataclass(frozen=True, slots=True)
class MonitorPlan:
    """How the machine itself is watched. ``silence`` is how long it must be silent before anybody calls it dead.

    ``port`` and ``host_key`` are those of a static machine's sshd; others are launched with theirs.
    """

    carrier: str = "ssh"
    user: str = "pcloud"
    interval: float = 5.0
    timeout: float = 5.0
    silence: float = 60.0
    port: int = 22
    host_key: str = ""


@dataclass(frozen=True, slots=True)
class AssemblyPlan:
    """One machine. Script texts are the scripts themselves, not their paths; empty where there is none."""

    name: str
    infrastructure: str
    image: str = ""
    size: str = ""
    address: str = ""  # static assemblies only
    networks: tuple[str, ...] = ()
    volumes: tuple[VolumePlan, ...] = ()
    ephemeral: bool = False
    spread: bool = False
    after: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    secrets: tuple[Secret, ...] = ()
    provision: str = ""
    cloud_config: str = ""
    configure: str = ""
    reboot_command: str = ""  # static assemblies only
    monitor: MonitorPlan = MonitorPlan()
    resources: tuple[ResourcePlan, ...] = ()  # in the order in which they start
    recovery: RecoverySettings = RecoverySettings()

    def resource(self, name: str) -> ResourcePlan | None:
        """Its resource of that name."""
        return next((plan for plan in self.resources if plan.name == name), None)

    @property
    def static(self) -> bool:
        """Whether it exists already, and is never launched or destroyed by us."""
        return bool(self.address)


@dataclass(frozen=True, slots=True)
class DeployablePlan:
    """One application. ``assemblies`` stand in an order in which each comes after those it is ``after``."""

    name: str
    infrastructures: tuple[str, ...] = ()
    assemblies: tuple[AssemblyPlan, ...] = ()
    recovery: RecoverySettings = field(default_factory=RecoverySettings)

    def assembly(self, name: str) -> AssemblyPlan | None:
        """Its assembly of that name."""
        return next((plan for plan in self.assemblies if plan.name == name), None)

    def dependents(self, name: str) -> tuple[str, ...]:
        """The assemblies that come directly after the one named."""
        return tuple(plan.name for plan in self.assemblies if name in plan.after)
