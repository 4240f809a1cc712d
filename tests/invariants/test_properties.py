"""What must hold whatever happens (policy.md section 9): random faults, answers, times, resumed controllers, operators' words."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from dpe.policy.invariants import broken
from pcloud.model import actions, events
from pcloud.model.state import AssemblyState, DeployableState, Twin
from pcloud.model.words import Desired, Guard, InstanceStatus, Mode, OnExhausted, Rung
from tests.policy.arrangements import listed
from tests.policy.fates import CHANGES, quick
from tests.policy.world import World

ILLS = [events.ProbeFailed, events.ProbeMissed, events.ProbePending, events.ProbeBroken, events.ProbeUnknown]
KINDS = [actions.RestartResource, actions.StartResources, actions.ConfigureAssembly, actions.RebootAssembly, actions.FenceInstance,
         actions.LaunchInstance, actions.StopResources, actions.DestroyInstance, actions.DiscardInstance, actions.StopTwin]  # fmt: skip
NAMES = ["db", "app", "web"]
SERVICES = ["db/mysqld", "db/backup", "app/php", "web/apache", "web/site"]
ENDS = {"healthy", "held", "blocked", "exhausted", "stopped"}
SETTLED = 8 * 3600.0  # every window, delay and verify of ``quick`` many times over


def check_step(world: World, before: DeployableState, event: events.Event, after: DeployableState, orders: Sequence[actions.Order]) -> None:
    """The invariants of one step: those that the daemon checks as well, and what can be told only where the machines are seen."""
    assert after.wake_at is None or after.wake_at > event.at, f"woken for nothing after {event}"
    assert broken(before, after, orders, event.at) == (), event
    for name, state in after.assemblies.items():
        old = before.assemblies.get(name, AssemblyState())
        for action in opened(state):
            if action not in opened(old):
                check_action(world, state, action)


def opened(state: AssemblyState) -> list[actions.Action]:
    found = [state.action, *(each.action for each in state.resources.values())]
    return [each for each in found if each is not None]


def check_action(world: World, state: AssemblyState, action: actions.Action) -> None:
    """The invariants of one action at its beginning."""
    match action:
        case actions.LaunchInstance():
            assert action.generation == state.generation
            alive = [
                each for each in world.machines.values() if each.plan.name == action.assembly and each.status is not InstanceStatus.SHUTOFF
            ]
            assert state.instance is None
            assert alive == [], "an instance that is not fenced is there"
        case _:
            pass


def twins(world: World) -> list[Twin]:
    """What runs and should not, as far as anybody was told, and is to be stopped: where all is only observed somebody was told, no more."""
    observed = {each.name for each in world.lived_by().assemblies if each.recovery.mode is Mode.OBSERVE}
    return [twin for name, state in world.state.assemblies.items() for twin in state.twins if not (twin.told and name in observed)]


class Fate(RuleBasedStateMachine):
    """Does to a world whatever may be done to it."""

    @initialize(
        allow=st.sampled_from([Rung.RESTART, Rung.REBOOT, Rung.RELAUNCH, Rung.RELAUNCH_DEPLOYABLE]),
        exhausted=st.sampled_from(OnExhausted),
        restarts=st.sampled_from([0, 1, 3]),
        mode=st.sampled_from([Mode.ENFORCE, Mode.ENFORCE, Mode.OBSERVE, Mode.APPROVE]),
    )
    def begin(self, allow: Rung, exhausted: OnExhausted, restarts: int, mode: Mode) -> None:
        self.spec = quick(allow, exhausted, restarts, mode)
        self.world = World(self.spec, jitter=0.25, start=False)
        self.endless = mode is Mode.OBSERVE and restarts == 0  # what is only watched, and never counts up to anything, goes on for ever
        self.world.watch = lambda before, event, after, orders: check_step(self.world, before, event, after, orders)
        self.world.start()

    @rule(seconds=st.sampled_from([0.0, 0.5, 3.0, 11.0, 25.0, 61.0, 130.0, 700.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.advance(seconds)

    @rule(
        service=st.sampled_from(SERVICES),
        evidence=st.sampled_from(ILLS),
        cure=st.sampled_from([Rung.RESTART, Rung.RESTART, Rung.REBOOT, Rung.RELAUNCH, None]),
    )
    def falls_ill(self, service: str, evidence: type[events.ProbeReported], cure: Rung | None) -> None:
        if self.world.machine(service.split("/", maxsplit=1)[0]) is not None:
            self.world.ail(service, evidence=evidence, cure=cure)

    @rule(service=st.sampled_from(SERVICES))
    def gets_well(self, service: str) -> None:
        if self.world.machine(service.split("/", maxsplit=1)[0]) is not None:
            self.world.heal(service)

    @rule(name=st.sampled_from(NAMES), how=st.sampled_from(["frozen", "unreachable", "locked"]), so=st.booleans())
    def is_cut_off(self, name: str, how: str, so: bool) -> None:
        machine = self.world.machine(name)
        if machine is not None:
            setattr(machine, how, so)
            self.world.look()

    @rule(name=st.sampled_from(NAMES))
    def vanishes(self, name: str) -> None:
        if self.world.machine(name) is not None:
            self.world.vanish(name)

    @rule(name=st.sampled_from(NAMES))
    def reboots_by_itself(self, name: str) -> None:
        machine = self.world.machine(name)
        if machine is not None and machine.alive:
            machine.reboot()
            self.world.look()

    @rule(name=st.sampled_from(NAMES), status=st.sampled_from(InstanceStatus))
    def the_cloud_says(self, name: str, status: InstanceStatus) -> None:
        machine = self.world.machine(name)
        if machine is not None and status is not InstanceStatus.ABSENT:
            machine.status = status
            self.world.look()

    @rule(down=st.booleans())
    def the_api_goes(self, down: bool) -> None:
        self.world.api_down = down

    @rule(kind=st.sampled_from(KINDS), how=st.sampled_from(["fails", "hangs", "is refused", "works", "stop fails"]))
    def actions_end(self, kind: type[actions.Action], how: str) -> None:
        match how:
            case "fails":
                self.world.outcomes[kind] = lambda action: events.ActionFailed(at=0, action=action.id, reason="it failed")
            case "hangs":
                self.world.outcomes[kind] = lambda action: None
            case "is refused":
                self.world.outcomes[kind] = lambda action: events.ActionRefused(at=0, action=action.id, reason="it is refused")
            case "stop fails" if kind is actions.RestartResource:
                self.world.outcomes[kind] = lambda action: events.StopFailed(at=0, action=action.id, reason="it hung")
            case _:
                self.world.outcomes.pop(kind, None)

    @rule(name=st.sampled_from(NAMES), status=st.sampled_from([0, 1]))
    def provisioning_ends(self, name: str, status: int) -> None:
        self.world.scripts[name] = (status, "its last line")

    @rule()
    def the_controller_is_killed_and_started(self) -> None:
        self.world.resume()

    @rule()
    def it_must_not_trust_itself(self) -> None:
        self.world.resume(doubt="the store was moved")
        assert self.world.state.observing

    @rule(running=st.sampled_from([True, True, False]))
    def the_operator_wants(self, running: bool) -> None:
        if running:
            self.world.start()
        else:
            self.world.stop()

    @rule(service=st.sampled_from(SERVICES + NAMES), what=st.sampled_from(Rung))
    def the_operator_asks_for(self, service: str, what: Rung) -> None:
        self.world.order(what, service)

    @rule(guard=st.sampled_from([None, *Guard]))
    def the_guards_hold(self, guard: Guard | None) -> None:
        if guard is None:
            self.world.let_go()
        self.world.held = guard

    @rule(name=st.sampled_from(["", *NAMES]), seconds=st.sampled_from([5.0, 300.0, 3600.0]), maintenance=st.booleans())
    def somebody_pauses(self, name: str, seconds: float, maintenance: bool) -> None:
        self.world.feed(events.PauseAsked(at=0, owner="ada", assembly=name, seconds=seconds, maintenance=maintenance))

    @rule(name=st.sampled_from(["", *NAMES]))
    def somebody_resumes(self, name: str) -> None:
        self.world.feed(events.ResumeAsked(at=0, assembly=name))

    @rule(name=st.sampled_from(["", *NAMES]), approved=st.booleans())
    def somebody_answers(self, name: str, approved: bool) -> None:
        self.world.feed(events.ApprovalGiven(at=0, owner="ada", assembly=name, approved=approved))

    @rule(name=st.sampled_from(["", *NAMES]), word=st.sampled_from([events.RetryAsked, events.CleanupAsked]))
    def somebody_begins_again(self, name: str, word: type[events.RetryAsked | events.CleanupAsked]) -> None:
        self.world.feed(word(at=0, assembly=name))

    @rule(name=st.sampled_from(NAMES))
    def somebody_answers_for_its_death(self, name: str) -> None:
        machine = self.world.machine(name)
        if machine is None or not machine.alive:
            self.world.feed(events.DeathConfirmed(at=0, assembly=name))

    @rule(seconds=st.sampled_from([11.0, 90.0, 4000.0]))
    def the_controller_stands_still(self, seconds: float) -> None:
        self.world.now += seconds
        self.world.feed(events.ControllerStalled(at=0, seconds=seconds))

    @rule(name=st.sampled_from(NAMES), user=st.sampled_from(["", "ada"]))
    def is_stopped_from_outside(self, name: str, user: str) -> None:
        machine = self.world.machine(name)
        if machine is not None:
            machine.status = InstanceStatus.SHUTOFF
            self.world.say(events.GuestStopping, name)
            self.world.feed(events.StopRecorded(at=0, assembly=name, instance_id=machine.instance.id, user=user))

    @rule(name=st.sampled_from(NAMES))
    def its_ssh_server_speaks(self, name: str) -> None:
        machine = self.world.machine(name)
        if machine is not None and machine.alive:
            self.world.say(events.ServerAnswered, name)

    @rule(doubted=st.booleans(), anchors=st.booleans())
    def the_way_out(self, doubted: bool, anchors: bool) -> None:
        self.world.anchors = anchors
        self.world.feed(events.OutsideDoubted(at=0, doubted=doubted, numbers="3 of 9"))

    @rule(name=st.sampled_from(NAMES), back=st.sampled_from([0, 1, 2]), number=st.integers(1, 2), status=st.sampled_from(InstanceStatus))
    def a_twin_is_listed(self, name: str, back: int, number: int, status: InstanceStatus) -> None:
        state = self.world.state.assemblies.get(name)
        generation = 0 if state is None else state.generation - back
        if generation > 0:
            listed(self.world, f"{name}-{generation}-late-{number}", generation, status, name=name)

    @rule(name=st.sampled_from(NAMES))
    def the_current_instances_are_listed(self, name: str) -> None:
        machine = self.world.machine(name)
        if machine is not None:
            listed(self.world, machine.instance.id, machine.instance.generation, machine.status, name=name)

    @rule(name=st.sampled_from(NAMES), ahead=st.integers(1, 3))
    def somebody_else_goes_on(self, name: str, ahead: int) -> None:
        state = self.world.state.assemblies.get(name)
        if state is None:
            return
        listed(self.world, f"{name}-theirs", state.generation + ahead, name=name)
        assert self.world.state.stale
        assert self.world.word() == "held"

    @rule()
    def somebody_takes_over(self) -> None:
        self.world.feed(events.TakeoverAsked(at=0, owner="ada"))
        assert not self.world.state.stale
        assert not self.world.state.observing

    @rule(changes=st.lists(st.sampled_from(sorted(CHANGES)), max_size=3, unique=True))
    def somebody_reloads(self, changes: list[str]) -> None:
        plan = self.spec
        for each in changes:
            plan = CHANGES[each](plan)
        self.world.reload(plan)

    @rule(number=st.integers(0, 60), done=st.booleans())
    def an_old_answer_comes(self, number: int, done: bool) -> None:
        name = f"app.{number}"
        if name not in {each.id for each in self.world.open_actions()}:
            before = self.world.state.assemblies
            late = events.ActionDone(at=0, action=name) if done else events.ActionFailed(at=0, action=name, reason="late")
            self.world.take(late)
            assert self.world.state.assemblies == before

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.outcomes.clear()
        world.scripts.clear()
        world.api_down = False
        for machine in world.machines.values():
            machine.ill.clear()
            machine.frozen = machine.unreachable = machine.locked = False
            if machine.status not in {InstanceStatus.SHUTOFF, InstanceStatus.ERROR}:
                machine.status = InstanceStatus.ACTIVE
        world.interval, started = 60.0, world.now
        if world.state.stale or world.state.observing:  # which nothing but this ends
            world.feed(events.TakeoverAsked(at=0))
        world.let_go()
        world.feed(events.OutsideDoubted(at=0, doubted=False))
        world.feed(events.ResumeAsked(at=0))
        world.look()
        while (world.word() not in ENDS or twins(world)) and world.now < SETTLED + started:
            world.advance(300)
        words = {name: world.word(name) for name in world.state.assemblies}
        assert world.word() in ENDS or self.endless, (world.word(), words)
        if world.state.desired is Desired.STOPPED:
            assert world.word() == "stopped"
            assert world.machines == {}
        assert not twins(world)
        if world.word() in {"healthy", "stopped"}:
            assert world.state.plan == world.plan, "it is what the last spec says"
            assert world.state.outgoing == ()
        if world.word() in {"held", "blocked", "exhausted"}:
            assert world.alerts(), words


TestFate = Fate.TestCase
TestFate.settings = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])  # the rest is the profile's
