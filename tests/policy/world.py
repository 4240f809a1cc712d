"""A small world for policy tests: machines, a cloud and a controller's shell, around the real ``step``.

Rules, the shell's own: an open intent has one piece of work; work whose intent is closed is dropped; a question's answer is an event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from functools import cache

from dpe.policy.observing import opened
from dpe.policy.step import step
from pcloud.model import actions, events
from pcloud.model.guards import GuardVerdict, PermitRequest
from pcloud.model.plan import DeployablePlan
from pcloud.model.state import DeployableState
from pcloud.model.words import Desired, Guard, InstanceStatus, Reach, Rung, Stage
from tests.policy.hurting import Hurting
from tests.policy.lab import Lab
from tests.policy.looking import Looking
from tests.policy.machines import Machine, Session
from tests.policy.plans import WORDPRESS

RESTLESS = 2000  # events at one moment: a hundred times what the longest way up of a few machines has
WALL = 1_700_000_000.0
UNWATCHED = {Stage.ABSENT, Stage.WAITING, Stage.FENCING, Stage.LAUNCHING, Stage.DESTROYING}
Watch = Callable[[DeployableState, events.Event, DeployableState, Sequence[actions.Order]], None]
Outcome = Callable[[actions.Action], events.Event | None]


def unwatched(before: DeployableState, event: events.Event, after: DeployableState, orders: Sequence[actions.Order]) -> None:
    """Nobody watches its steps."""


class World(Lab, Looking, Hurting):
    """Everything succeeds at once, unless ``outcomes`` names another outcome for a kind of action; None leaves it hanging."""

    def __init__(self, plan: DeployablePlan = WORDPRESS, *, jitter: float = 0.0, seed: int = 0, start: bool = True) -> None:
        super().__init__(plan)
        if start:
            vars(self).update(vars(_started(plan, jitter, seed).fork()))
            return
        self.state = DeployableState(plan.name, jitter=jitter, seed=seed)
        self.now = 0.0
        self.log: list[actions.Order] = []
        self.trace: list[events.Event] = []
        self.sessions: dict[str, Session] = {}
        self.performing: dict[str, float] = {}
        self.inbox: list[events.Event] = []
        self.outcomes: dict[type, Outcome] = {}
        self.interval = 5.0  # at which what does not pass is said again
        self.anchors = False  # whether they answer
        self.busy = False  # too much so to try again what did not answer
        self.held: Guard | None = None  # the guard that holds every recovery
        self.asked: list[str] = []  # permits that it holds
        self.wall_shift = 0.0  # by how much the wall clock was set
        self.mute = False  # nothing is told by itself, nothing is answered but by the guards
        self.watch: Watch = unwatched
        self.feed(events.SettingsChanged(at=0.0, plan=plan))

    # the shell

    def feed(self, event: events.Event) -> None:
        """Tell the policy something, and live on until nothing is left to tell at this moment."""
        self.inbox.append(event)
        most = len(self.trace) + RESTLESS
        while self.inbox:
            assert len(self.trace) < most, f"it does not come to rest at {self.now}: {self.lines()[-20:]}"
            while self.inbox:
                self.take(self.inbox.pop(0))
            if not self.mute:
                self.fit_actions()
                self.sense()

    def take(self, event: events.Event) -> None:
        event = replace(event, at=self.now, wall=WALL + self.now + self.wall_shift)
        before = self.state
        self.trace.append(event)
        self.state, orders, _ = step(before, event)
        self.watch(before, event, self.state, orders)
        self.log.extend(orders)
        for order in orders:
            if isinstance(order, actions.AskPermit) or (isinstance(order, actions.Question) and not self.mute):
                self.ask(order)

    def fit_actions(self) -> None:
        wanted = {action.id: action for action in self.open_actions()}
        self.performing = {each: until for each, until in self.performing.items() if each in wanted}
        for each, action in wanted.items():
            if each not in self.performing:
                self.performing[each] = self.now + action.timeout
                answer = self.outcomes.get(type(action), self.perform)(action)
                if answer is not None:
                    self.inbox.append(answer)

    def open_actions(self) -> list[actions.Action]:
        assemblies = () if self.state.stale else self.state.assemblies.values()
        return [action for each in assemblies if not each.still for action in opened(each)]

    def perform(self, action: actions.Action) -> events.Event | None:
        """Let it succeed, unless the machine or the cloud prevents it."""
        return self.do(action, self.machine(action.assembly))

    def ask(self, question: actions.Question) -> None:
        machine = self.machine(question.assembly) if question.assembly else None
        match question:
            case actions.ReadInstance(assembly, instance) if self.api_down:
                self.inbox.append(events.CloudUnreachable(at=self.now, assembly=assembly, instance_id=instance.id, reason="timeout"))
            case actions.ReadInstance(assembly, instance):
                status, by = (machine.status, machine.stopped_by) if machine is not None else (InstanceStatus.ABSENT, "")
                answer = events.CloudAnswered(at=self.now, assembly=assembly, instance_id=instance.id, status=status, stopped_by=by)
                self.inbox.append(answer)
            case actions.AskPeers(assembly, instance, peers, ports):
                for peer in peers:
                    for port in ports:
                        reach = machine.reached(port) if machine is not None else Reach.SILENT
                        self.peer(assembly, peer, port, reach if peer in self.sessions else Reach.UNABLE, generation=instance.generation)
            case actions.AskPermit(request=request):
                self.inbox.append(self.guard(request))
            case actions.AskAnchors(assembly, instance):
                generation = instance.generation
                self.inbox.append(
                    events.AnchorAnswered(at=self.now, assembly=assembly, generation=generation, anchor="gateway:22", answered=self.anchors)
                )
            case actions.ProbeAgain(assembly, contact):
                if assembly in self.sessions:
                    self.sessions[assembly].told.clear()
                elif contact and not self.busy and (machine is None or not machine.alive or machine.unreachable):
                    self.say(events.ContactLost, assembly, reason="no answer", last_seen=-1e9)

    def guard(self, request: PermitRequest) -> events.Event:
        """What the guards say; they let everything pass unless ``held`` names one that does not."""
        if self.held is not None:
            self.asked.append(request.permit)
        else:
            return events.PermitGranted(at=self.now, permit=request.permit)
        return events.PermitHeld(at=self.now, permit=request.permit, guards=(GuardVerdict(self.held, passed=False, numbers="3 of 5"),))

    def peer(self, assembly: str, peer: str, port: int, reach: Reach, *, generation: int) -> None:
        self.inbox.append(events.PeerAnswered(at=self.now, assembly=assembly, generation=generation, peer=peer, port=port, reach=reach))

    def sense(self, *, again: bool = False) -> None:
        """Tell what the agents see: what is new, and with ``again`` all that does not pass."""
        for name, state in self.state.assemblies.items():
            machine = self.machine(name)
            if state.instance is None or state.stage in UNWATCHED or self.state.stale:
                self.sessions.pop(name, None)
                continue
            sees = machine is not None and machine.alive and not machine.unreachable and not machine.locked
            session = self.sessions.get(name)
            if not sees:
                self.sessions.pop(name, None)
                if machine is not None and machine.alive and machine.locked and again:
                    self.say(events.ContactBlurred, name, reason="the key is refused")
                elif session is not None or (again and not self.busy):
                    self.say(events.ContactLost, name, reason="no answer", last_seen=self.now if session else -1e9)
            elif machine is not None and (session is None or session.boot_id != machine.boot_id):
                self.sessions[name] = Session(machine.boot_id)
                self.say(events.ContactMade, name, boot_id=machine.boot_id)
                self.say(events.ProvisionFinished, name, status=machine.script[0], tail=machine.script[1])
            if machine is not None:
                machine.plan = self.lived_by().assembly(name) or machine.plan
                self.sense_probes(name, machine, inside=sees, again=again)

    def sense_probes(self, name: str, machine: Machine, *, inside: bool, again: bool) -> None:
        told = self.sessions[name].told if name in self.sessions else {}
        for (resource, key), found in machine.probes(inside=inside).items():
            if told.get((resource, key)) == found and not (again and found[0] is not events.ProbePassed):
                continue
            if inside or again:
                told[resource, key] = found
                self.say(found[0], name, resource=resource, probe=key, reason=found[1])

    def say(self, kind: type[events.Event], assembly: str, **fields: object) -> None:
        instance = self.state.assemblies[assembly].instance
        assert instance is not None
        self.inbox.append(kind(at=self.now, assembly=assembly, generation=instance.generation, **fields))  # type: ignore[call-arg]

    # time

    def advance(self, seconds: float) -> None:
        """Let time pass: the policy is woken when it asks to be, and what does not pass is said again every 5 s."""
        end = self.now + seconds
        if self.inbox:
            self.feed(events.Ticked(at=self.now))
        while True:
            wake = self.state.wake_at if self.state.wake_at is not None else end + 1
            beat = (self.now // self.interval + 1) * self.interval
            timeout = min(self.performing.values(), default=end + 1)
            self.now = min(max(wake, self.now), beat, timeout, end)
            late = [each for each, until in self.performing.items() if until <= self.now]
            for each in late:
                del self.performing[each]
                self.feed(events.ActionFailed(at=self.now, action=each, reason="not done in time"))
            if wake <= self.now:
                self.feed(events.Ticked(at=self.now))
            if self.now >= beat and not self.mute:
                self.sense(again=True)
                if self.inbox:
                    self.feed(self.inbox.pop(0))
            if self.now >= end:
                return

    def let_go(self) -> None:
        """The guards let everything pass again."""
        self.held, asked, self.asked = None, self.asked, []
        for permit in asked:
            self.feed(events.PermitGranted(at=self.now, permit=permit))

    # what people and fate do

    def start(self) -> None:
        self.feed(events.OperatorAsked(at=self.now, desired=Desired.RUNNING))

    def stop(self) -> None:
        self.feed(events.OperatorAsked(at=self.now, desired=Desired.STOPPED))

    def resume(self, away: float = 0.0, doubt: str = "") -> None:
        """The controller is killed, and started again ``away`` seconds later: what it was doing and what it saw is lost.

        ``doubt`` is why it must not trust itself then.
        """
        self.now += away
        self.sessions.clear()
        self.performing.clear()
        self.inbox.clear()
        self.state = replace(self.state, plan=None, target=None)
        self.inbox.append(events.SettingsChanged(at=self.now, plan=self.plan))
        self.feed(events.ControllerResumed(at=self.now, doubt=doubt))

    def reload(self, plan: DeployablePlan) -> None:
        """The operator has the deployable made what another spec says."""
        self.plan = plan
        self.feed(events.SettingsChanged(at=self.now, plan=plan))

    def lived_by(self) -> DeployablePlan:
        return self.state.plan or self.plan

    def order(self, rung: Rung, target: str) -> None:
        """The operator asks for a rung's action."""
        name, _, resource = target.partition("/")
        self.feed(events.RecoveryAsked(at=self.now, rung=rung, assembly=name, resource=resource))

    def fork(self) -> World:
        """Another world that is just like this one now; nobody watches it."""
        other = copy(self)
        other.log, other.trace, other.inbox = list(self.log), list(self.trace), list(self.inbox)
        other.machines = {each: machine.copy() for each, machine in self.machines.items()}
        other.sessions = {each: replace(session, told=dict(session.told)) for each, session in self.sessions.items()}
        other.asked = list(self.asked)
        other.performing, other.outcomes = dict(self.performing), dict(self.outcomes)
        other.curses, other.scripts = {each: dict(ills) for each, ills in self.curses.items()}, dict(self.scripts)
        other.watch = unwatched
        return other

    def machine(self, name: str) -> Machine | None:
        state = self.state.assemblies.get(name)
        return self.machines.get(state.instance.id) if state is not None and state.instance is not None else None

    def host(self, name: str) -> Machine:
        """The machine of an assembly that is known to have one."""
        machine = self.machine(name)
        assert machine is not None
        return machine

    def look(self) -> None:
        """Have what was changed by hand be seen."""
        self.sense()
        self.feed(events.Ticked(at=self.now))


@cache
def _started(plan: DeployablePlan, jitter: float, seed: int) -> World:
    """A world whose start was asked for; made once, to be forked."""
    world = World(plan, jitter=jitter, seed=seed, start=False)
    world.start()
    return world


def silent(world: World, name: str = "db", seconds: float = 0.0) -> int:
    """A machine stops, and this much time passes; returns the mark from before."""
    mark = world.mark()
    world.freeze(name)
    world.advance(seconds)
    return mark
