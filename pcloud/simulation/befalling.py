"""What a line of a trace does to the world, and what is seen of it at once and later."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pcloud.model import events
from pcloud.model.plan import ResourcePlan
from pcloud.model.words import InstanceStatus, Rung
from pcloud.simulation import facts
from pcloud.simulation.controller import Controller
from pcloud.simulation.facts import Extent, Fact, Target
from pcloud.simulation.machines import Fault, Machine, interval, telling
from pcloud.simulation.wheel import Place, Wheel
from pcloud.simulation.world import World

OPERATOR = "operator"
STOPPER = ("somebody", "a request that is not ours")


class Befalling:
    """Lets facts befall a world and its controller."""

    def __init__(self, world: World, wheel: Wheel, controller: Controller) -> None:
        self._world = world
        self._wheel = wheel
        self._controller = controller

    def befall(self, fact: Fact) -> None:
        """Do what the line says, and follow it to its end."""
        match fact:
            case facts.ServiceFailed(target=target):
                for machine, plan in self._services(target):
                    self._fail(machine, plan, self._fault(fact.extent, soft=fact.soft))
            case facts.ServicePassed(target=target):
                self._pass(target)
            case facts.MachineSilenced(assembly=assembly, extent=extent):
                self._silence(self._world.machines[assembly], self._fault(extent))
            case facts.CloudSaid(assembly=assembly, status=status):
                self._world.machines[assembly].status = status
            case facts.StoppedOutside(assembly=assembly):
                self._stop_outside(self._world.machines[assembly])
            case facts.CloudTurned(up=up):
                self._world.cloud_answers = up
            case facts.AnchorsTurned(up=up):
                self._world.anchors_answer = up
            case facts.DeedTurned():
                self._world.turn(fact)
            case _:
                self._hear(fact)
        self._controller.live()

    def _hear(self, fact: Fact) -> None:
        """What is said to the controller, or happens to it."""
        match fact:
            case facts.ControllerStood(seconds=seconds):
                self._controller.stall(seconds)
            case facts.Paused(seconds=seconds):
                self._controller.tell(events.PauseAsked, owner=OPERATOR, reason="the trace says so", seconds=seconds)
            case facts.Approved():
                self._controller.tell(events.ApprovalGiven, owner=OPERATOR, approved=True)
            case facts.DeathTold(assembly=assembly):
                self._controller.tell(events.DeathConfirmed, owner=OPERATOR, assembly=assembly)
            case _:
                raise TypeError(fact)

    def _services(self, target: Target) -> Iterator[tuple[Machine, ResourcePlan]]:
        machine = self._world.machines[target.assembly]
        for plan in machine.plan.resources:
            if target.covers(target.assembly, plan.name):
                yield machine, plan

    def _fault(self, extent: Extent, *, soft: bool = False) -> Fault:
        now = self._wheel.now
        return Fault(now, extent.cure, None if extent.seconds is None else now + extent.seconds, soft)

    def _fail(self, machine: Machine, plan: ResourcePlan, fault: Fault) -> None:
        machine.faults[plan.name] = fault
        machine.serving.pop(plan.name, None)
        if fault.until is not None:
            self._wheel.put(fault.until, Place.END, partial(self._recover, machine, plan, fault))
        for key in telling(plan, soft=fault.soft):
            self._controller.probe(machine.plan.name, plan, key)
            self._probe_later(machine, plan, key, fault, 1)

    def _probe_later(self, machine: Machine, plan: ResourcePlan, key: str, fault: Fault, times: int) -> None:
        moment = fault.since + times * interval(plan, key)
        self._wheel.put(moment, Place.PROBE, partial(self._probe, machine, plan, key, fault, times))

    def _probe(self, machine: Machine, plan: ResourcePlan, key: str, fault: Fault, times: int) -> None:
        """Look again at what does not pass, as long as it does not."""
        if machine.faults.get(plan.name) is not fault:
            return
        if not self._controller.knows(machine.plan.name, plan.name, key):
            self._controller.probe(machine.plan.name, plan, key)
        self._probe_later(machine, plan, key, fault, times + 1)

    def _recover(self, machine: Machine, plan: ResourcePlan, fault: Fault) -> None:
        """A fault's own time is over."""
        if machine.faults.get(plan.name) is fault:
            del machine.faults[plan.name]
            self._controller.probe(machine.plan.name, plan)

    def _silence(self, machine: Machine, fault: Fault) -> None:
        machine.silence = fault
        machine.serving.clear()
        if fault.until is not None:
            self._wheel.put(fault.until, Place.END, partial(self._answer, machine, fault))

    def _answer(self, machine: Machine, fault: Fault) -> None:
        """A silence's own time is over."""
        if machine.silence is fault:
            machine.silence = None

    def _stop_outside(self, machine: Machine) -> None:
        user, request = STOPPER
        machine.status = InstanceStatus.SHUTOFF
        if machine.instance is not None:
            of = {"assembly": machine.plan.name, "instance_id": machine.instance.id}
            self._controller.tell(events.StopRecorded, user=user, request=request, **of)
        self._silence(machine, Fault(self._wheel.now, Rung.REBOOT))

    def _pass(self, target: Target) -> None:
        """A service is well; where its machine is silent to us, others see it answer."""
        machine = self._world.machines[target.assembly]
        if not target.resource:
            machine.silence, machine.status = None, InstanceStatus.ACTIVE
            machine.serving.clear()
        for _, plan in self._services(target):
            machine.faults.pop(plan.name, None)
            if machine.silence is not None:
                machine.serving[plan.name] = True
            self._controller.probe(target.assembly, plan)
