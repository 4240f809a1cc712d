"""The cloud and the guests of a small world: what actions do to machines."""

from __future__ import annotations

from pcloud.model import actions, events
from pcloud.model.instance import Instance
from pcloud.model.plan import DeployablePlan
from pcloud.model.words import InstanceStatus
from tests.policy.machines import Illness, Machine

InGuest = actions.RestartResource | actions.StartResources | actions.StopResources | actions.ConfigureAssembly


class Lab:
    """Machines by their instance's id, and what befalls those that are made."""

    def __init__(self, plan: DeployablePlan) -> None:
        self.plan = plan
        self.machines: dict[str, Machine] = {}
        self.api_down = False
        self.curses: dict[str, dict[str, Illness]] = {}  # what every new machine of an assembly is born with
        self.scripts: dict[str, tuple[int, str]] = {}  # how provisioning ends

    def lived_by(self) -> DeployablePlan:
        """What its assemblies live by: the spec's plan, unless a reload is under way."""
        return self.plan

    def do(self, action: actions.Action, machine: Machine | None) -> events.Event | None:
        """Do it to the machine that it means; None while a guest that does not answer lets it hang."""
        match action:
            case actions.LaunchInstance():
                return events.InstanceLaunched(at=0, action=action.id, instance=self.launch(action))
            case actions.DiscardInstance(instance_id=gone):
                self.machines.pop(gone, None)
            case actions.StopTwin(instance_id=twin):
                if twin in self.machines:
                    self.machines[twin].status = InstanceStatus.SHUTOFF
            case actions.DestroyInstance(assembly=name):
                for gone in [key for key, each in self.machines.items() if each.plan.name == name]:
                    self.machines.pop(gone)
            case actions.FenceInstance() | actions.RebootAssembly():
                return self.do_in_cloud(action, machine)
            case _:
                if machine is None or not machine.alive or machine.unreachable or machine.locked:
                    return None
                do_in_guest(action, machine)
        return events.ActionDone(at=0, action=action.id)

    def do_in_cloud(self, action: actions.FenceInstance | actions.RebootAssembly, machine: Machine | None) -> events.Event:
        if self.api_down:
            return events.ActionFailed(at=0, action=action.id, reason="the API does not answer")
        if machine is None and isinstance(action, actions.FenceInstance):
            return events.InstanceMissing(at=0, action=action.id)
        if machine is None:
            return events.ActionFailed(at=0, action=action.id, reason="it does not exist any more")
        if isinstance(action, actions.FenceInstance):
            machine.status = InstanceStatus.SHUTOFF
        elif machine.boot_id == action.boot_id and (action.hard or machine.alive):
            machine.reboot()
        return events.ActionDone(at=0, action=action.id)

    def launch(self, action: actions.LaunchInstance) -> Instance:
        """Find the instance of that generation, or make it."""
        name = f"{action.assembly}-{action.generation}"
        if name not in self.machines:
            lived_by = self.lived_by()
            place = [each.name for each in lived_by.assemblies].index(action.assembly)
            made = Instance(name, action.generation, f"10.0.{place}.{action.generation}", infrastructure="lab")
            plan = lived_by.assembly(action.assembly)
            assert plan is not None
            self.machines[name] = Machine(made, plan, ill=dict(self.curses.get(action.assembly, {})))
            self.machines[name].script = self.scripts.get(action.assembly, (0, ""))
        return self.machines[name].instance


def do_in_guest(action: InGuest, machine: Machine) -> None:
    match action:
        case actions.RestartResource(resource=name):
            machine.start(name)
        case actions.StartResources(resources=names, former=former):
            machine.running.difference_update(each.name for each in former)
            for name in names:
                machine.start(name)
        case actions.StopResources():
            machine.running.clear()
        case actions.ConfigureAssembly():
            pass
