"""What the policy knows of one deployable; all of it is stored, and a restart goes on from it.

Rules: every collection is a tuple or a mapping that is replaced, never changed; iteration follows the plan's order. ``plan`` and ``target``
are not stored with the state: the spec is, and comes back as SettingsChanged; what differs from it is in ``outgoing``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pcloud.model.actions import POLICY_VERSION, Action
from pcloud.model.drafts import quick
from pcloud.model.guards import GuardVerdict
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, DeployablePlan, ResourcePlan
from pcloud.model.words import Desired, Health, InstanceStatus, Phase, Reach, Rung, Stage, Verdict


@quick
@dataclass(frozen=True, slots=True)
class ProbeState:
    """What one probe has come to since it was last reset: its standing verdict, and how many misses or passes came in a row."""

    verdict: Verdict = Verdict.UNKNOWN
    misses: int = 0
    passes: int = 0
    since: float = 0.0  # when this verdict began
    reason: str = ""
    patience: float = 0.0  # of a pending one, seconds


@quick
@dataclass(frozen=True, slots=True)
class Recovery:
    """One recovery under way. ``until`` ends the delay, the waiting for a yes or the time to verify; None while an action runs."""

    rung: Rung
    phase: Phase
    until: float | None
    decision: str
    failures: int = 0  # in the window when it was decided; 0: not because of a failure
    of: int = 0
    within: float = 0.0
    reason: str = ""
    persists: bool = False  # its target was healthy when it was decided: health does not end it
    manual: bool = False  # an operator asked for it: no mode, pause, storm or cap stands before it
    observed: bool = False  # only observed: its action is taken as done and not verified (policy.md section 5, mode)
    witnessed: bool = False  # it rests on a silence: what the sights say while it waits may take it back
    condemned: bool = False  # the cloud itself has declared the machine dead: storms do not stop it
    permit: str = ""  # that was asked for, and under which it acts
    guards: tuple[GuardVerdict, ...] = ()  # their last word; the last of them is the one that holds, while one does
    held_since: float | None = None  # since when a guard holds it; None where none does
    alerted: bool = False  # that it has been held for long
    reload: bool = False  # the spec has changed: it is no failure, is counted nowhere, and no mode stands before it


@dataclass(frozen=True, slots=True)
class ResourceState:
    """One service."""

    health: Health = Health.UNKNOWN
    reason: str = ""
    since: float = 0.0
    probes: Mapping[str, ProbeState] = field(default_factory=dict)  # those with evidence since the last reset
    failures: tuple[float, ...] = ()  # the restart window
    recoveries: tuple[float, ...] = ()  # of the last 24 h, for the flapping alert
    restarts: int | None = None  # by the machine's own supervisor, as last told
    word_since: float = 0.0  # when the word that is shown for it began
    recovery: Recovery | None = None
    action: Action | None = None  # open intent
    suppressed_by: str = ""
    blocked: str = ""
    exhausted: bool = False
    denied: str = ""  # likewise, see AssemblyState
    decision: str = ""  # likewise
    alerted: bool = False  # that it has been unknown for long


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
    reach: Reach


@dataclass(frozen=True, slots=True)
class Silence:
    """An assembly that does not answer us: since when, and what the other sights have said since."""

    since: float
    last_seen: float
    reason: str
    ask_at: float  # the next time the other sights are asked
    passed_at: float | None = None  # the last passing sight since
    passed_by: str = ""
    cloud: CloudReading | None = None  # its last word
    cloud_since: float | None = None  # since when it has said just that
    cloud_lost: str = ""  # why the cloud's API does not answer, while it does not
    peers: tuple[PeerReading, ...] = ()  # the last answer of each peer about each port
    suppressed_by: str = ""  # the dependency whose trouble was said to explain it
    anchor: str = ""  # the one that answered last …
    anchor_at: float | None = None  # … and when
    anchor_since: float | None = None  # since when anchors have answered each time
    missed_at: float | None = None  # the last attempt of ours that failed


@dataclass(frozen=True, slots=True)
class Retired:
    """An instance that is off, is not the current one, and is not deleted yet.

    ``generation`` is 0 where an older version did not write it down. ``gone``: nothing is kept of it, since it was missing already or was
    never built. ``twin``: it was never the current one, and takes no place from one that failed.
    """

    instance_id: str
    infrastructure: str
    at: float  # when it was fenced
    gone: bool = False
    generation: int = 0
    twin: bool = False


@dataclass(frozen=True, slots=True)
class Twin:
    """An instance of the assembly that was seen to run and that nobody here expected. ``told``: so it was, where nothing is done to it."""

    instance_id: str
    infrastructure: str
    generation: int
    told: bool = False


@dataclass(frozen=True, slots=True)
class AssemblyState:
    """One machine and its services."""

    stage: Stage = Stage.ABSENT
    since: float = 0.0  # of the stage
    word_since: float = 0.0  # when the word that is shown for it began
    until: float | None = None  # end of the stage's time; None while an action runs, or where there is no end
    reason: str = ""  # why it is where it is, for people
    instance: Instance | None = None
    zone: str = ""  # where its machine is, or the last one was: while it is replaced it counts there still
    adopted: bool = False  # somebody else has made it: it is never replaced or destroyed, and kept through a stop
    generation: int = 0  # the highest that was ever intended
    boot_id: str = ""
    contact: bool = False
    seen_at: float | None = None  # its last sign of life that we know of, when there is no contact now
    gone_at: float | None = None  # when the cloud first said 404, in the run of such words that lasts
    provisioned: bool = False
    proven: bool = False  # this generation has been up once, so that something may live on its disk
    configured: tuple[tuple[str, str], ...] | None = None  # the parameters that it last was configured with
    former: tuple[ResourcePlan, ...] = ()  # services that may run by an older plan, and are stopped by it before any is started
    change_at: float | None = None  # not before this is a change to the spec's plan tried again
    action: Action | None = None  # open intent
    recovery: Recovery | None = None
    resources: Mapping[str, ResourceState] = field(default_factory=dict)
    reboots: tuple[float, ...] = ()  # windows
    relaunches: tuple[float, ...] = ()
    recoveries: tuple[float, ...] = ()  # of the last 24 h, for the flapping alert
    reboot_tried: float | None = None  # when that action was last begun
    relaunch_tried: float | None = None  # likewise
    silence: Silence | None = None
    unclear: str = ""  # why contact says nothing: authentication, host key
    unclear_since: float | None = None  # until it was alerted
    reached: tuple[PeerReading, ...] = ()  # which peers last reached which of our ports
    ask_peers_at: float | None = None  # next refresh of ``reached``
    held: str = ""
    denied: str = ""  # who said no to a recovery that waited for a yes, or that nobody said yes
    decision: str = ""  # by which it is held, denied, suppressed, blocked or exhausted, until it is well or something is done
    stopping_at: float | None = None  # when the machine said that it goes down in good order
    stopped_by: str = ""  # who stopped it, by the cloud's own record
    grace: float | None = None  # until when failures do not count: after a pause
    blocked: str = ""
    exhausted: bool = False
    discard: Action | None = None  # open intent: a retired instance to be deleted
    discard_at: float | None = None  # when the next attempt at it is due
    twin: Action | None = None  # open intent: a twin to be stopped
    twin_at: float | None = None  # when the next attempt at it is due
    twins: tuple[Twin, ...] = ()  # seen to run; each stays in the row until it is off, or turns out to be the current instance
    claimed: int = 0  # the highest generation above ours that was seen, while we are stale
    still: bool = False  # it was under way when the controller began to only observe: nothing of it is done until somebody says so
    retired: tuple[Retired, ...] = ()  # oldest first; those that are kept, and those that wait to be deleted or are being deleted


@dataclass(frozen=True, slots=True)
class Pause:
    """Somebody wants nothing to be done (policy.md section 5). It ends when both clocks have come to its end; "" is every assembly."""

    assembly: str
    owner: str
    reason: str
    until: float
    until_wall: float
    maintenance: bool = False
    warned: bool = False  # that it ends soon
    suppressed: tuple[str, ...] = ()  # the targets of which a failure was said to count for nothing


@dataclass(frozen=True, slots=True)
class DeployableState:
    """The whole of what ``step`` remembers."""

    name: str
    plan: DeployablePlan | None = None  # by which its assemblies live now
    target: DeployablePlan | None = None  # the spec's; the same one unless something of it is still to be taken up
    outgoing: tuple[AssemblyPlan, ...] = ()  # assemblies that live by an older plan than the spec's, or have left it: those plans
    desired: Desired = Desired.STOPPED
    assemblies: Mapping[str, AssemblyState] = field(default_factory=dict)
    pauses: tuple[Pause, ...] = ()
    recovery: Recovery | None = None  # of the deployable as a whole
    relaunches: tuple[float, ...] = ()  # its window at relaunch_deployable
    recoveries: tuple[float, ...] = ()  # of the last 24 h, for the flapping alert
    to_fence: tuple[str, ...] = ()  # assemblies that a relaunch of the whole has not taken down yet
    doubted: str = ""  # why checks from the controller say nothing now
    stalls: tuple[float, ...] = ()  # the controller's, of the last 10 min
    stale: str = ""  # why nothing at all is done any more: somebody else has gone on with this deployable
    observing: str = ""  # why the controller only observes: it must not trust itself, until somebody says takeover
    doubt: str = ""  # the decision by which it only observes
    outcome: tuple[str, bool] | None = None  # the decision of the last recovery that ended above a restart, and whether it verified
    serial: int = 0  # of decisions and actions
    seed: int = 0  # for jitter, and in the ids that machines know its actions by
    life: int = 0  # when it was last taken over, POSIX seconds; in those ids as well
    jitter: float = 0.25  # the largest part that jitter adds to a delay (policy.md section 3.4)
    wake_at: float | None = None
    version: int = POLICY_VERSION
