"""A controller without machines: deployables move one stage each time somebody reads their status.

It does what ``cpe.shell.api.port`` promises, so that the API, the client and the command line are tested against real answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from cpe.shell.api.port import Subscription
from cpe.shell.reloading import reload_plan
from cpe.shell.specs import effective_settings
from pcloud.errors import NotFoundError, RefusedError
from pcloud.model.actions import Decision
from pcloud.model.events import OperatorAsked, Ticked
from pcloud.model.facts import JournalFact, StateMade, Taken
from pcloud.model.guards import GuardVerdict
from pcloud.model.state import AssemblyState, DeployableState
from pcloud.model.words import Choice, Desired, Rung, Stage
from pcloud.records.event import ALERT, EventRecord
from pcloud.records.explanation import Explanation, closed_by
from pcloud.records.fact import FactRecord, dump_fields, dump_ordered, fact_record
from pcloud.records.reloading import ReloadPlan
from pcloud.records.requests import DaemonStatus, SpecInForce, SpecUpload, SshTarget
from pcloud.records.specs import EffectiveSettings
from pcloud.records.status import AssemblyStatus, DeployableStatus, DeployableSummary, InstanceStatusBody, ResourceStatus
from pcloud.spec.document import read
from pcloud.spec.loading import load
from pcloud.spec.planning import plan
from pcloud.spec.recovery import RecoveryDefaults
from tests.api.memory_adoptions import MemoryAdoptions
from tests.api.memory_backups import MemoryBackups
from tests.api.memory_evidence import MemoryLastWords
from tests.api.memory_words import MemoryWords

UP = ("launching", "booting", "provisioning", "starting", "healthy")
DOWN = ("stopping", "stopped")
QUEUE = 8  # events; small, so that tests can fill it


class Kept(Protocol):
    """A deployable, as far as reloads care."""

    upload: SpecUpload
    desired: str


class MemoryReloads:
    """Reloads without a policy: the real plan of what differs, of a deployable whose machines are all there; nothing comes of it."""

    def __init__(self, kept: Callable[[str], Kept]) -> None:
        self._kept = kept

    async def plan(self, name: str, upload: SpecUpload) -> ReloadPlan:
        kept = self._kept(name)
        before, after = (plan(load(each.source, path=each.path, files=each.files)) for each in (kept.upload, upload))
        machine = AssemblyState(stage=Stage.UP if kept.desired == Desired.RUNNING else Stage.ABSENT)
        state = DeployableState(
            name, plan=before, desired=Desired(kept.desired), assemblies={each.name: machine for each in before.assemblies}
        )
        return reload_plan(state, kept.upload, after)

    async def apply(self, name: str, upload: SpecUpload, version: str) -> None:
        if version and version != (await self.plan(name, upload)).version:
            raise RefusedError(f"{name} was changed since this plan was made: nothing is done")
        self._kept(name).upload = upload


@dataclass
class Machine:
    resources: list[str]
    state: str = "stopped"
    reason: str = ""
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    generation: int = 0


@dataclass
class Deployable:
    upload: SpecUpload
    machines: dict[str, Machine]
    desired: str = "stopped"


class MemoryController:
    def __init__(self) -> None:
        self.deployables: dict[str, Deployable] = {}
        self.stored: list[EventRecord] = []
        self.subscribers: set[Subscription] = set()
        self.fate: dict[str, tuple[str, str, str]] = {}  # assembly: instead of this state it gets that one, for this reason
        self.deleted_volumes: list[str] = []
        self.taken: list[FactRecord] = []
        self.backups = MemoryBackups()
        self.reloads = MemoryReloads(self._deployable)
        self.last_words = MemoryLastWords(self._machine)
        self.adoptions = MemoryAdoptions(lambda name: set(self._deployable(name).machines))
        self.words = MemoryWords(lambda name: {one: machine.resources for one, machine in self._deployable(name).machines.items()})

    async def daemon(self) -> DaemonStatus:
        return DaemonStatus(version="0", controller="memory", state_directory="/nowhere", pid=1, deployables=len(self.deployables))

    async def check(self, upload: SpecUpload) -> str:
        return str(read(upload.source, upload.path).data["deployable"])

    async def create(self, upload: SpecUpload, *, replace: bool) -> DeployableStatus:
        name = await self.check(upload)
        known = self.deployables.get(name)
        if known and (known.upload.source, known.upload.files) != (upload.source, upload.files) and not replace:
            raise RefusedError(f"{name} exists already, with another content")
        if not known:
            data = read(upload.source, upload.path).data
            machines = {one: Machine(list(body.get("resources", {}))) for one, body in data["assemblies"].items()}  # type: ignore[attr-defined]
            self.deployables[name] = Deployable(upload, machines)
            self.report(name, kind="deployable-created", to="stopped")
            self.take(name, StateMade(0.0, 0.0, seed=0, jitter=0.0))
            self.take(name, Taken(Ticked(at=0.0)))
        return self._status(name)

    async def list_deployables(self, *, after: str = "", limit: int | None = None) -> list[DeployableSummary]:
        statuses = [self._status(name) for name in sorted(self.deployables) if name > after][:limit]
        return [
            DeployableSummary(
                name=one.name,
                state=one.state,
                desired=one.desired,
                assemblies=len(one.assemblies),
                healthy=sum(machine.state == "healthy" for machine in one.assemblies),
                observing=one.observing,
            )
            for one in statuses
        ]

    async def status(self, name: str) -> DeployableStatus:
        self._move(name)
        return self._status(name)

    async def effective(self, name: str) -> EffectiveSettings:
        return effective_settings(self._deployable(name).upload, RecoveryDefaults())

    async def start(self, name: str) -> None:
        self._deployable(name).desired = "running"
        self.take(name, Taken(OperatorAsked(at=1.0, desired=Desired.RUNNING)))

    async def stop(self, name: str) -> None:
        self._deployable(name).desired = "stopped"

    async def delete(self, name: str, *, volumes: bool) -> None:
        if self._status(name).state != "stopped":
            raise RefusedError(f"{name} is not stopped", f"`pcloud deployable stop {name}`")
        del self.deployables[name]
        if volumes:
            self.deleted_volumes.append(name)
        self.report(name, kind="deployable-deleted")

    async def reboot(self, name: str, assembly: str) -> None:
        self._enter(name, assembly, "booting", "the operator asked for a reboot", Rung.REBOOT)

    async def relaunch(self, name: str, assembly: str) -> None:
        self._machine(name, assembly).generation += 1
        self._enter(name, assembly, "launching", "the operator asked for a relaunch", Rung.RELAUNCH)

    async def restart(self, name: str, assembly: str, resource: str) -> None:
        if resource not in self._machine(name, assembly).resources:
            raise NotFoundError(f"{name}/{assembly} has no resource {resource}")
        self._enter(name, assembly, "starting", f"the operator asked for a restart of {resource}", Rung.RESTART)

    async def ssh_target(self, name: str, assembly: str) -> SshTarget:
        machine = self._machine(name, assembly)
        if machine.state == "stopped":
            raise RefusedError(f"{name}/{assembly} has no instance", f"`pcloud deployable start {name}`")
        return SshTarget(address="127.9.9.9", port=2222, user="nobody", key="/nowhere/key", host_key="ssh-ed25519 AAAAC3Nz comment")

    async def events(self, *, after: int, limit: int, target: str, since: datetime | None, last: bool, kind: str = "") -> list[EventRecord]:
        fits = [
            event
            for event in self.stored
            if event.seq > after
            and (since is None or event.at >= since)
            and f"{event.target}/".startswith(f"{target}/" if target else "")
            and kind in {"", event.kind}
        ]
        return fits[-limit:] if last else fits[:limit]

    async def explanations(self, *, target: str, last: int) -> list[Explanation]:
        everything = await self.events(after=0, limit=10**6, target=target, since=None, last=False)
        decisions = [event for event in everything if event.record and not closed_by(event)][-last:]
        return [
            Explanation(
                decision=decision,
                events=[e for e in self.stored if e.seq > decision.seq and decision.decision in {e.decision, closed_by(e)}],
            )
            for decision in decisions
        ]

    async def facts(self, name: str, *, after: int, limit: int) -> list[FactRecord]:
        self._deployable(name)
        return [each for each in self.taken if each.deployable == name and each.seq > after][:limit]

    async def spec(self, name: str) -> SpecInForce:
        return SpecInForce(upload=self._deployable(name).upload)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[Subscription]:
        queue: Subscription = asyncio.Queue(QUEUE)
        self.subscribers.add(queue)
        try:
            yield queue
        finally:
            self.subscribers.discard(queue)

    def report(
        self,
        deployable: str,
        assembly: str | None = None,
        *,
        alert: bool = False,
        record: Decision | None = None,
        guards: tuple[GuardVerdict, ...] = (),
        **words: str,
    ) -> None:
        """What a store does after a commit."""
        seq = len(self.stored) + 1
        names = {"from_": words.pop("before", None), "to": words.pop("to", None)}
        place = {"deployable": deployable, "assembly": assembly, "decision": record.id if record else words.pop("decision", None)}
        said = {"alert": alert, "record": record, "guards": guards}
        event = EventRecord.model_validate({"id": str(seq), "seq": seq, "at": datetime.now(UTC)} | said | place | names | words)
        self.stored.append(event)
        for queue in list(self.subscribers):
            if queue.qsize() < QUEUE - 1:
                queue.put_nowait(event)
            else:
                queue.put_nowait(None)
                self.subscribers.discard(queue)
        if alert and event.kind != ALERT:
            self.report(deployable, assembly, alert=True, kind=ALERT, reason=event.reason)

    def take(self, deployable: str, fact: JournalFact) -> None:
        self.taken.append(fact_record(len(self.taken) + 1, 0.0, deployable, *dump_fields(fact), dump_ordered(fact)))

    def _deployable(self, name: str) -> Deployable:
        if name not in self.deployables:
            raise NotFoundError(f"there is no deployable {name}")
        return self.deployables[name]

    def _machine(self, name: str, assembly: str) -> Machine:
        machines = self._deployable(name).machines
        if assembly not in machines:
            raise NotFoundError(f"{name} has no assembly {assembly}")
        return machines[assembly]

    def _move(self, name: str) -> None:
        deployable = self._deployable(name)
        way = UP if deployable.desired == "running" else DOWN
        for assembly, machine in deployable.machines.items():
            if machine.state not in {way[-1], "blocked", "exhausted"} or (way is DOWN and machine.state != "stopped"):
                coming = way[way.index(machine.state) + 1] if machine.state in way else way[0]
                fate = self.fate.get(assembly)
                self._enter(name, assembly, *(fate[1:] if fate and fate[0] == coming else (coming, "")))

    def _enter(self, name: str, assembly: str, state: str, reason: str, asked: Rung | None = None) -> None:
        machine = self._machine(name, assembly)
        record = Decision(f"{name}.{len(self.stored)}", Choice.ACT, "manual", asked) if asked else None
        self.report(name, assembly, kind="assembly", before=machine.state, to=state, reason=reason, record=record)
        machine.generation = max(machine.generation, 1)
        machine.state, machine.reason, machine.since = state, reason, datetime.now(UTC)

    def _status(self, name: str) -> DeployableStatus:
        deployable = self._deployable(name)
        assemblies = [self._assembly(one, machine) for one, machine in deployable.machines.items()]
        states = {one.state for one in assemblies}
        state = states.pop() if len(states) == 1 and states <= {"healthy", "stopped"} else "unhealthy"
        pauses = self.words.pauses.get(name, [])
        words = {"observing": self.words.observed.get(name, ""), "stale": self.words.frozen.get(name, "")}
        return DeployableStatus(
            name=name, state=state, desired=deployable.desired, reason="", assemblies=assemblies, pauses=pauses, **words
        )

    @staticmethod
    def _assembly(name: str, machine: Machine) -> AssemblyStatus:
        state = "healthy" if machine.state == "healthy" else "unknown"
        instance = InstanceStatusBody(id=f"i-{name}", generation=machine.generation, address="127.9.9.9", port=2222, user="nobody")
        return AssemblyStatus(
            name=name,
            state=machine.state,
            reason=machine.reason,
            since=machine.since,
            infrastructure="memory",
            instance=None if machine.state == "stopped" else instance,
            resources=[ResourceStatus(name=one, state=state, reason="", since=machine.since) for one in machine.resources],
        )
