"""A small world for policy tests: feeds ``step``, keeps the clock, and does what it is told to do with each action."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dpe.policy.step import step
from dpe.policy.summary import assembly_word, deployable_word, resource_word
from pcloud.model import actions, events
from pcloud.model.instance import Instance
from pcloud.model.plan import (
    AssemblyPlan,
    Check,
    DeployablePlan,
    MonitorPlan,
    ProcessAgent,
    RecoverySettings,
    ResourcePlan,
    RungSettings,
    TcpCheck,
    VolumePlan,
)
from pcloud.model.state import DeployableState
from pcloud.model.words import Desired, Reach, Rung


def resource(name: str, *, recovery: RecoverySettings | None = None, port: int = 0, agent: bool = True, restarts: str = "") -> ResourcePlan:
    checks = (Check(f"tcp:{port}", TcpCheck(port)),) if port else ()
    return ResourcePlan(
        name, ProcessAgent(name) if agent else None, checks, restarts=restarts, recovery=recovery or RecoverySettings(allow=Rung.RELAUNCH)
    )


def assembly(name: str, *resources: ResourcePlan, after: tuple[str, ...] = (), volumes: bool = False, **more: object) -> AssemblyPlan:
    plan = AssemblyPlan(
        name,
        "lab",
        image="debian",
        after=after,
        volumes=(VolumePlan("data", 1, "/data"),) if volumes else (),
        ephemeral=True,
        monitor=MonitorPlan(silence=60.0),
        resources=resources,
        recovery=RecoverySettings(allow=Rung.RELAUNCH),
    )
    return replace(plan, **more)  # type: ignore[arg-type]


def rung(failures: int, within: float, delay: float = 0.0, max_delay: float = 300.0, verify: float = 60.0) -> RungSettings:
    return RungSettings(failures, within, delay, max_delay, verify)


WORDPRESS = DeployablePlan(
    "wordpress",
    ("lab",),
    (
        assembly("mysql", resource("mysqld", port=3306), volumes=True),
        assembly("web", resource("apache"), after=("mysql",), configure="#!/bin/sh", parameters=(("DB_HOST", "${mysql.address}"),)),
    ),
)


class World:
    """Answers every action at once unless ``hang`` or ``refuse`` says otherwise; probes pass unless told."""

    def __init__(self, plan: DeployablePlan = WORDPRESS, *, jitter: float = 0.0) -> None:
        self.state = DeployableState(plan.name, jitter=jitter)
        self.now = 0.0
        self.log: list[actions.Order] = []
        self.pending: list[actions.Action] = []
        self.auto = True
        self.boots: dict[str, int] = {}
        self.on_action: Callable[[actions.Action], events.Event | None] | None = None
        self.feed(events.SettingsChanged(at=0.0, plan=plan))

    # feeding

    def feed(self, event: events.Event) -> list[actions.Order]:
        self.state, orders, _ = step(self.state, event)
        self.log.extend(orders)
        for order in orders:
            if isinstance(order, actions.Action):
                self.pending.append(order)
        if self.auto:
            self.work()
        return list(orders)

    def work(self) -> None:
        """Answer what is pending."""
        while self.pending:
            action = self.pending.pop(0)
            answer = self.on_action(action) if self.on_action else self.succeed(action)
            if answer is not None:
                self.feed(answer)
                self.after(action, answer)

    def succeed(self, action: actions.Action) -> events.Event:
        match action:
            case actions.LaunchInstance():
                at = f"10.0.0.{action.generation}" if action.assembly == "mysql" else f"10.0.1.{action.generation}"
                made = Instance(f"{action.assembly}-{action.generation}", action.generation, at, infrastructure="lab")
                return events.InstanceLaunched(at=self.now, action=action.id, instance=made)
            case _:
                return events.ActionDone(at=self.now, action=action.id)

    def after(self, action: actions.Action, answer: events.Event) -> None:
        """What a machine does by itself after an action."""
        if not self.auto or isinstance(answer, events.ActionFailed):
            return
        if isinstance(action, actions.LaunchInstance | actions.RebootAssembly):
            self.contact(action.assembly, new_boot=True)
            self.feed(events.ProvisionFinished(at=self.now, assembly=action.assembly, generation=self.generation(action.assembly), status=0, tail=""))
        if isinstance(action, actions.StartResources):
            self.all_pass(action.assembly)
        if isinstance(action, actions.RestartResource):
            self.all_pass(action.assembly)

    # facts

    def generation(self, name: str) -> int:
        instance = self.state.assemblies[name].instance
        return instance.generation if instance is not None else 0

    def contact(self, name: str, *, new_boot: bool = False) -> None:
        if new_boot:
            self.boots[name] = self.boots.get(name, 0) + 1
        self.feed(events.ContactMade(at=self.now, assembly=name, generation=self.generation(name), boot_id=f"boot-{self.boots.get(name, 0)}"))

    def lost(self, name: str, reason: str = "no answer") -> None:
        self.feed(events.ContactLost(at=self.now, assembly=name, generation=self.generation(name), reason=reason, last_seen=self.now))

    def probe(self, kind: type[events.ProbeReported], target: str, probe: str = "", reason: str = "not running") -> list[actions.Order]:
        name, resource_name = target.split("/")
        return self.feed(
            kind(at=self.now, assembly=name, resource=resource_name, generation=self.generation(name), probe=probe, reason=reason)
        )

    def fail(self, target: str, reason: str = "not running") -> list[actions.Order]:
        return self.probe(events.ProbeFailed, target, "", reason)

    def passes(self, target: str) -> None:
        name, resource_name = target.split("/")
        plan = self.state.plan.assembly(name).resource(resource_name)  # type: ignore[union-attr]
        for key in ([""] if plan.agent else []) + [check.key for check in plan.checks]:  # type: ignore[union-attr]
            self.probe(events.ProbePassed, target, key, "")

    def all_pass(self, name: str) -> None:
        for each in self.state.assemblies[name].resources:
            self.passes(f"{name}/{each}")

    def cloud(self, name: str, status: object) -> None:
        instance = self.state.assemblies[name].instance
        self.feed(events.CloudAnswered(at=self.now, assembly=name, instance_id=instance.id, status=status))  # type: ignore[union-attr, arg-type]

    def peer(self, name: str, peer: str, port: int, reach: Reach) -> None:
        self.feed(
            events.PeerAnswered(at=self.now, assembly=name, generation=self.generation(name), peer=peer, port=port, reach=reach)
        )

    # time

    def advance(self, seconds: float) -> None:
        """Let time pass, waking up whenever the policy asks to be."""
        end = self.now + seconds
        while self.state.wake_at is not None and self.state.wake_at <= end:
            self.now = max(self.now, self.state.wake_at)
            self.feed(events.Ticked(at=self.now))
        self.now = end

    def start(self) -> None:
        self.feed(events.OperatorAsked(at=self.now, desired=Desired.RUNNING))

    def stop(self) -> None:
        self.feed(events.OperatorAsked(at=self.now, desired=Desired.STOPPED))

    # looking

    def word(self, target: str = "") -> str:
        parts = target.split("/") if target else []
        if not parts:
            return deployable_word(self.state)
        owner = self.state.assemblies[parts[0]]
        return assembly_word(owner) if len(parts) == 1 else resource_word(owner.resources[parts[1]])

    def did(self, since: int = 0) -> list[str]:
        """The names of the actions ordered since a place in the log."""
        return [
            f"{type(order).__name__} {order.assembly}" for order in self.log[since:] if isinstance(order, actions.Action)
        ]

    def reports(self) -> list[actions.Report]:
        return [order for order in self.log if isinstance(order, actions.Report)]

    def mark(self) -> int:
        return len(self.log)
