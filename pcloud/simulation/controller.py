"""The controller's part: feeds the policy what is seen, does what it orders, asks what it asks.

Rules, those of the daemon's own shell: an open intent has one piece of work; work whose intent is closed is dropped; a question's
answer is a fact like any other. Whatever follows at one moment is followed to its end before time goes on.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from dpe.policy.standing import standing
from dpe.policy.step import step
from pcloud.errors import PcloudError
from pcloud.model import actions, events
from pcloud.model.guards import GuardWord, Standing
from pcloud.model.instance import Instance
from pcloud.model.plan import ResourcePlan
from pcloud.model.state import AssemblyState, DeployableState, Recovery
from pcloud.model.words import Reach, Stage, Verdict
from pcloud.simulation.ledger import Ledger
from pcloud.simulation.machines import Machine
from pcloud.simulation.overseeing import Overseer, heard
from pcloud.simulation.wheel import Place, Wheel
from pcloud.simulation.world import Outcome, World

READ_INTERVAL = 10.0  # seconds: "cloud reads every 10 s" (interface.md), however often the policy asks
AT_ONE_MOMENT = 1000  # actions: more than any deployable's way up takes, and less than anybody wants to read
UNWATCHED = (Stage.ABSENT, Stage.WAITING, Stage.FENCING, Stage.LAUNCHING, Stage.DESTROYING)
PROBE_TIMEOUTS = 2  # policy.md section 5: "a stall … of more than 2 probe timeouts"; what is shorter is no news
ROUNDING = 1e-9


class EndlessError(PcloudError):
    """Something is done over and over again while no time passes."""


class Controller:
    """Runs the policy over a world. Its decisions are in the ``ledger``."""

    def __init__(self, world: World, wheel: Wheel, overseer: Overseer, jitter: float) -> None:
        self.state = DeployableState(world.plan.name, jitter=jitter)
        self.ledger = Ledger()
        self._world = world
        self._wheel = wheel
        self._overseer = overseer
        self._petitions: list[actions.AskPermit | actions.ReturnPermit] = []
        self._standing: Standing | None = None  # that the guards know of
        self._state_shown: DeployableState | None = None  # whose it was
        self._inbox: deque[events.Event] = deque()
        self._told: dict[str, str] = {}  # the boot id of each machine that we are in contact with
        self._again: dict[str, bool] = {}  # assemblies whose probes are to be run again
        self._read: dict[str, float] = {}  # when the cloud was last asked about each
        self._hanging: dict[str, Outcome] = {}  # what will become of actions, by their id
        self._performed: dict[str, None] = {}
        self._busy = (wheel.now, 0)  # how many actions there were at the last moment that had any
        self._stall: tuple[float, float] | None = None  # since when, until when
        self._stalls = 0
        self._waiting: list[events.Event] = []  # what came in meanwhile

    @property
    def busy(self) -> bool:
        """Whether something of it has an end that is still to come."""
        return bool(self._hanging) or self.stalled or self._overseer.wake_at is not None

    @property
    def stalled(self) -> bool:
        return self._stall is not None

    @property
    def wake_at(self) -> float | None:
        """When the policy, or who oversees it, wants to look again; None while nobody looks at anything."""
        if self.stalled:
            return None
        return min((at for at in (self.state.wake_at, self._overseer.wake_at) if at is not None), default=None)

    def wake(self) -> None:
        """The time has come."""
        now = self._wheel.now
        if self._overseer.wake_at is not None and self._overseer.wake_at <= now:
            self._hear(self._overseer.look(now))
        if self.state.wake_at is not None and self.state.wake_at <= now:
            self.tell(events.Ticked)
        self.live()

    def tell(self, kind: type[events.Event], **fields: Any) -> None:
        """Have a fact taken in when its turn comes."""
        event = kind(at=self._wheel.now, wall=self._wheel.now, **fields)
        (self._waiting if self.stalled else self._inbox).append(event)

    def live(self) -> None:
        """Go on until nothing is left to happen at this moment."""
        while not self.stalled:
            while self._inbox:
                self._take(self._inbox.popleft())
            self._petition()
            self._perform()
            self._look()
            if not self._inbox:
                return

    def _take(self, event: events.Event) -> None:
        self.state, orders, _ = step(self.state, event)
        for order in orders:
            if isinstance(order, actions.Report):
                self.ledger.take(order, self.state, self._wheel.now)
            elif isinstance(order, actions.Question):
                self._ask(order)

    # doing

    def _perform(self) -> None:
        """Make the work in hand fit the open intents."""
        wanted = {action.id: (action, recovery) for action, recovery in open_actions(self.state)}
        if not wanted and not self._performed:
            return
        self._performed = {each: None for each in self._performed if each in wanted}
        self._hanging = {each: outcome for each, outcome in self._hanging.items() if each in wanted}
        for each, (action, recovery) in wanted.items():
            if each not in self._performed:
                self._performed[each] = None
                self._count_one(action)
                if recovery is not None:
                    self.ledger.begin(recovery, self._wheel.now)
                self._do(action)

    def _do(self, action: actions.Action) -> None:
        outcome = self._world.perform(action)
        if not outcome.after:
            self.tell(outcome.kind, **outcome.fields)
            return
        self._hanging[action.id] = outcome
        self._wheel.put(self._wheel.now + outcome.after, Place.OUTCOME, partial(self._end, action.id, self._stalls))

    def _end(self, action: str, stalls: int) -> None:
        """What hung has had its time, unless it was dropped, or its time began again after a stall."""
        if self._stalls == stalls and not self.stalled and action in self._hanging:
            outcome = self._hanging.pop(action)
            self.tell(outcome.kind, **outcome.fields)

    def _count_one(self, action: actions.Action) -> None:
        """Bound what may happen at one moment: without any delay, what fails at once is done again at once."""
        moment, before = self._busy
        self._busy = (moment, before + 1) if moment == self._wheel.now else (self._wheel.now, 1)
        if before > AT_ONE_MOMENT and moment == self._wheel.now:
            raise EndlessError(
                f"{action.assembly}: more than {AT_ONE_MOMENT:,} actions at {moment:g}s",
                "where nothing takes time, a window that never escalates needs a delay",
            )

    # looking

    def _look(self) -> None:
        """Tell which machines we are in contact with, and what the probes say that were asked for."""
        for name, state in self.state.assemblies.items():
            machine = self._world.machines[name]
            if state.instance is None or state.stage in UNWATCHED:
                self._told.pop(name, None)
                continue
            if machine.instance is None:  # a static one, which nobody launched
                machine.launch(state.instance)
            self._look_at(name, machine, state)

    def _look_at(self, name: str, machine: Machine, state: AssemblyState) -> None:
        told = self._told.get(name)
        if machine.answers and told != machine.boot_id:
            self._told[name] = machine.boot_id
            self._tell_of(events.ContactMade, state, name, boot_id=machine.boot_id)
            self._tell_of(events.ProvisionFinished, state, name, status=0, tail="")
        elif not machine.answers and told is not None:
            del self._told[name]
            self._read.pop(name, None)
            self._tell_of(events.ContactLost, state, name, reason="no answer", last_seen=self._wheel.now)
        elif not machine.answers and self._again.get(name, False):
            self._tell_of(events.ContactLost, state, name, reason="no answer", last_seen=-math.inf)
        if self._again.pop(name, None) is not None:
            for plan in machine.plan.resources:
                self.probe(name, plan)

    def probe(self, assembly: str, plan: ResourcePlan, only: str | None = None) -> None:
        """Tell what the probes of a resource say, or one of them: from inside where there is contact, from the controller anyway."""
        state = self.state.assemblies[assembly]
        machine = self._world.machines[assembly]
        if state.instance is None or state.stage in UNWATCHED or (machine.answers and assembly not in self._told):
            return
        for key, (kind, reason) in machine.findings(plan):
            if only is None or key == only:
                self._tell_of(kind, state, assembly, resource=plan.name, probe=key, reason=reason)

    def knows(self, assembly: str, resource: str, key: str) -> bool:
        """Whether the policy has this probe as failed: one failure more of it is no news."""
        probe = self.state.assemblies[assembly].resources[resource].probes.get(key)
        return probe is not None and probe.verdict is Verdict.FAILED

    def _tell_of(self, kind: type[events.Event], state: AssemblyState, assembly: str, **fields: Any) -> None:
        if state.instance is not None:
            self.tell(kind, assembly=assembly, generation=state.instance.generation, **fields)

    # asking

    def _ask(self, question: actions.Question) -> None:
        match question:
            case actions.ReadInstance(assembly, instance):
                self._read_cloud(assembly, instance)
            case actions.AskPeers(assembly, instance, peers, ports):
                for peer in peers:
                    for port in ports:
                        reach = self._world.machines[assembly].reached(port) if peer in self._told else Reach.UNABLE
                        of = {"assembly": assembly, "generation": instance.generation}
                        self.tell(events.PeerAnswered, peer=peer, port=port, reach=reach, **of)
            case actions.AskAnchors(assembly, instance):
                of = {"assembly": assembly, "generation": instance.generation}
                self.tell(events.AnchorAnswered, anchor="an anchor", answered=self._world.anchors_answer, **of)
            case actions.ProbeAgain(assembly, contact):
                self._again[assembly] = contact or self._again.get(assembly, False)
            case actions.AskPermit() | actions.ReturnPermit():
                self._petitions.append(question)

    def _read_cloud(self, assembly: str, instance: Instance) -> None:
        now = self._wheel.now
        if now - self._read.get(assembly, -math.inf) < READ_INTERVAL - ROUNDING:
            return
        self._read[assembly] = now
        of = {"assembly": assembly, "instance_id": instance.id}
        if self._world.cloud_answers:
            self.tell(events.CloudAnswered, status=self._world.machines[assembly].status, **of)
        else:
            self.tell(events.CloudUnreachable, reason="timeout", **of)

    def _petition(self) -> None:
        """Ask the guards, who know before how the deployable stands."""
        if self._state_shown is not self.state:
            self._state_shown = self.state
            now = standing(self.state)
            if now != self._standing:
                self._standing = now
                self._hear(self._overseer.stand(now, self._wheel.now))
        petitions, self._petitions = self._petitions, []
        for petition in petitions:
            match petition:
                case actions.AskPermit(request=request):
                    self._hear(self._overseer.ask(request, self._wheel.now))
                case actions.ReturnPermit(permit=permit):
                    self._hear(self._overseer.give_back(permit, self._wheel.now))

    def _hear(self, words: Sequence[GuardWord]) -> None:
        for word in words:
            kind, fields = heard(word)
            self.tell(kind, **fields)

    # standing still

    def stall(self, seconds: float) -> None:
        """Look at nothing for so long: what comes in waits."""
        now = self._wheel.now
        since, until = self._stall or (now, now)
        self._stall = (since, max(until, now + seconds))
        self._wheel.put(self._stall[1], Place.OUTCOME, self._go_on)

    def _go_on(self) -> None:
        """What waits is drained as if time had stood still, then every deadline starts again (policy.md section 5)."""
        if self._stall is None or self._wheel.now < self._stall[1]:
            return
        since, until = self._stall
        waiting, self._waiting, self._stall = self._waiting, [], None
        for event in waiting:
            self._take(replace(event, at=since, wall=since))
        if until - since > PROBE_TIMEOUTS * max((each.monitor.timeout for each in self._world.plan.assemblies), default=0.0):
            self._take(events.ControllerStalled(at=until, wall=until, seconds=until - since))
        self._stalls += 1
        for action, outcome in self._hanging.items():
            self._wheel.put(until + outcome.after, Place.OUTCOME, partial(self._end, action, self._stalls))


def open_actions(state: DeployableState) -> list[tuple[actions.Action, Recovery | None]]:
    """All open intents, in the plan's order, and the recovery that each belongs to."""
    found: list[tuple[actions.Action, Recovery | None]] = []
    for assembly in state.assemblies.values():
        if assembly.action is not None:
            found.append((assembly.action, assembly.recovery))
        found.extend((each, None) for each in (assembly.discard, assembly.twin) if each is not None)
        found.extend((each.action, each.recovery) for each in assembly.resources.values() if each.action is not None)
    return found
