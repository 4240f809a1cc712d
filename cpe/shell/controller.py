"""The controller: which deployables there are, and what an operator may ask of them.

Rules: what a call accepts is durable, or posted to a DPE that makes it durable before it acts; names that stand for nothing raise
NotFoundError with what is near; nothing here decides a recovery.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from cpe.policy.strays import Known
from cpe.shell.adopting import Adoptions, Outside
from cpe.shell.attending import Attendance
from cpe.shell.backups import Backups
from cpe.shell.broadcast import Broadcast, Subscription
from cpe.shell.engines import EngineFactory
from cpe.shell.keeper import Keeper
from cpe.shell.last_words import LastWords
from cpe.shell.reloads import Reloads
from cpe.shell.specs import effective_settings, planned
from cpe.shell.store.sqlite import SqliteStore
from cpe.shell.words import Words
from dpe.policy.summary import deployable_word
from pcloud import __version__
from pcloud.errors import NotFoundError, RefusedError, TimedOutError
from pcloud.model.actions import Report
from pcloud.model.plan import DeployablePlan
from pcloud.model.ports import Keyring
from pcloud.model.state import AssemblyState
from pcloud.model.words import Desired, Rung
from pcloud.records.event import EventRecord
from pcloud.records.explanation import Explanation
from pcloud.records.fact import FactRecord
from pcloud.records.requests import DaemonStatus, SpecInForce, SpecUpload, SshTarget
from pcloud.records.specs import EffectiveSettings
from pcloud.records.status import DeployableStatus, DeployableSummary
from pcloud.spec.recovery import RecoveryDefaults
from pcloud.spec.warnings import warnings

GROUP = 50
"""Deployables that are taken up at once: a tenth of a second's work, and their beginnings are one transaction."""

BEGUN = 10.0  # seconds for all that were taken up to say how they stand; who cannot record that (a full disk) is not waited for

ACKNOWLEDGE = 10.0  # seconds to see an operator's word in the state: one journal commit, on a slow disk


class Controller:
    """All that can be asked of pcloud (the port of the HTTP API)."""

    def __init__(
        self,
        store: SqliteStore,
        engines: EngineFactory,
        keyring: Keyring,
        outside: Outside,
        *,
        defaults: RecoveryDefaults,
        state_directory: Path,
        wall: Callable[[], float],
        forget: Callable[[str], None],
    ) -> None:
        self._store = store
        self._keeper = Keeper(store, engines, wall, self._plan_of, forget)
        self._keyring = keyring
        self._infrastructures = outside.infrastructure
        self._defaults = defaults
        self._state_directory = state_directory
        self._wall = wall
        self._forget = forget  # what the guards know of a deployable
        self.attendance = Attendance(self._keeper, lambda: store.trouble)
        self._engine, self._attended = self.attendance.engine, self.attendance.attended
        self.streams = Broadcast()
        store.on_events(self.streams.send)
        self._changing = asyncio.Lock()  # what deployables there are changes one request at a time
        self.backups = Backups(state_directory)
        self.words = Words(self.attendance, self._taken_in, self._changing)
        self.last_words = LastWords(self._engine, store, outside.infrastructure, wall)
        self.adoptions = Adoptions(self._attended, self._keeper.last_states, outside, keyring, self._taken_in, self._changing)
        self.reloads = Reloads(store, self._attended, self._plan_of, self._taken_in, self._changing, wall)

    async def open(self, told: Callable[[int, int], None] = lambda _done, _all: None) -> None:
        """Take up every deployable that the store knows, a group at a time; ``told`` hears how many of how many are."""
        known = await self._store.deployables()
        for first in range(0, len(known), GROUP):
            told(first, len(known))
            await self._keeper.take_up(known[first : first + GROUP])
            gc.freeze()  # they stay: to be walked through again and again would hold the loop for a second with thousands
        await self._keeper.begun(BEGUN)

    async def close(self) -> None:
        """End all DPEs and subscriptions; machines are left as they are."""
        self.streams.close()
        await self._keeper.close()

    def _plan_of(self, upload: SpecUpload) -> DeployablePlan:
        return planned(upload, self._defaults, self._infrastructures)

    def known(self) -> Known:
        """What is known of deployables now."""
        return Known(self._store.controller, self._keeper.states())

    async def daemon(self) -> DaemonStatus:
        """Who answers."""
        return DaemonStatus(
            version=__version__,
            controller=self._store.controller,
            state_directory=str(self._state_directory),
            pid=os.getpid(),
            deployables=len(self._keeper.names),
            trouble=str(self._store.trouble or ""),
        )

    async def check(self, upload: SpecUpload) -> str:
        """The name in a spec without mistakes."""
        return self._plan_of(upload).name

    async def create(self, upload: SpecUpload, *, replace: bool) -> DeployableStatus:
        """Register a deployable, stopped."""
        made = self._plan_of(upload)
        async with self._changing:
            known = await self._store.deployable(made.name)
            if known is None:
                await self._store.save_deployable(made.name, upload)
                await self._store.report(made.name, Report("registered", reason=upload.path), wall=self._wall())
                await self._take_up(made)
            elif self._keeper.engine(made.name) is None:
                await self._store.save_deployable(made.name, upload)  # one that could not be taken up before
                await self._take_up(made)
            elif (known.upload.source, known.upload.files) != (upload.source, upload.files):
                await self._replace(made, upload, replace=replace)
        return await self.status(made.name)

    async def _take_up(self, made: DeployablePlan) -> None:
        """Start looking after it."""
        for warning in warnings(made):
            await self._store.report(made.name, Report("warned", reason=warning), wall=self._wall())
        await self._keeper.add(made)
        await self._taken_in(made.name)

    async def _replace(self, made: DeployablePlan, upload: SpecUpload, *, replace: bool) -> None:
        """Another spec for a deployable that is there."""
        cure = f"run pcloud deployable reload {made.name} {upload.path}, which shows first what would change"
        if not replace:
            raise RefusedError(f"{made.name} exists with another spec", cure)
        if deployable_word(self._engine(made.name).state) != "stopped":
            raise RefusedError(f"{made.name} is running, and its spec is not replaced unseen", cure)
        await self.reloads.put(made, upload)

    async def list_deployables(self, *, after: str = "", limit: int | None = None) -> Sequence[DeployableSummary]:
        """By name those behind ``after``, at most ``limit``."""
        return [self.attendance.summary(name) for name in [each for each in self._keeper.names if each > after][:limit]]

    def _assembly(self, name: str, assembly: str) -> AssemblyState:
        found = self._engine(name).state.assemblies
        if assembly not in found:
            near = get_close_matches(assembly, list(found), n=1)
            raise NotFoundError(f"{name} has no assembly {assembly}", f"did you mean {near[0]}?" if near else f"it has {', '.join(found)}")
        return found[assembly]

    async def status(self, name: str) -> DeployableStatus:
        """How it stands."""
        return self.attendance.status(name)

    async def effective(self, name: str) -> EffectiveSettings:
        """What that comes to here."""
        upload, engine = (await self.spec(name)).upload, self._keeper.engine(name)
        assemblies = engine.state.assemblies if engine is not None else {}
        return effective_settings(upload, self._defaults, {each for each, state in assemblies.items() if state.adopted})

    async def start(self, name: str) -> None:
        """It shall run."""
        await self._want(name, Desired.RUNNING)

    async def stop(self, name: str) -> None:
        """It shall not run."""
        await self._want(name, Desired.STOPPED)

    async def _want(self, name: str, desired: Desired) -> None:
        """Say it, and return when the engine has taken it in."""
        async with self._changing:
            self._attended(name).ask(desired)
            await self._taken_in(name)

    async def _recover(self, rung: Rung, name: str, assembly: str, resource: str = "") -> None:
        """The same for one rung's action."""
        async with self._changing:
            self._attended(name).ask_recovery(rung, assembly, resource)
            await self._taken_in(name)

    async def _taken_in(self, name: str) -> None:
        """Wait until the engine has decided upon what it was told."""
        engine = self._engine(name)
        try:
            async with asyncio.timeout(ACKNOWLEDGE):
                await engine.taken_in()
        except TimeoutError as error:
            raise TimedOutError(f"{name} has not taken it in within {ACKNOWLEDGE:g}s", "the daemon's log says why; ask again") from error

    async def delete(self, name: str, *, volumes: bool) -> None:
        """Forget a stopped deployable."""
        async with self._changing:
            if name not in self._keeper.names:
                raise self.attendance.unknown(name)
            if self._keeper.engine(name) is not None:
                await self._delete_stopped(name, volumes=volumes)
                await self.adoptions.release(self._engine(name).state)
            elif volumes:  # which infrastructure has them cannot be told, or it cannot be reached
                raise RefusedError(
                    f"the volumes of {name} cannot be deleted: {self._keeper.trouble(name)}",
                    "mend that and create it again, or delete it without its volumes",
                )
            await self._store.delete_deployable(name)
            await asyncio.to_thread(self._keyring.forget, name)
            await self._keeper.remove(name)
            self._forget(name)

    async def _delete_stopped(self, name: str, *, volumes: bool) -> None:
        """See that nothing of it runs, and delete its volumes where that is wanted."""
        unattended = bool(self._keeper.trouble(name))
        if not unattended:
            await self._taken_in(name)
        state = self._engine(name).state
        if deployable_word(state) != "stopped":
            raise (
                self.attendance.refusal(name)
                if unattended
                else RefusedError(f"{name} is not stopped", f"run pcloud deployable stop {name} first")
            )
        if volumes and state.plan is not None:
            for infrastructure in state.plan.infrastructures:
                await self._infrastructures(infrastructure).delete_volumes(name)

    async def reboot(self, name: str, assembly: str) -> None:
        """Reboot the assembly's instance."""
        self._assembly(name, assembly)
        await self._recover(Rung.REBOOT, name, assembly)

    async def relaunch(self, name: str, assembly: str) -> None:
        """Replace the assembly's instance."""
        self._assembly(name, assembly)
        await self._recover(Rung.RELAUNCH, name, assembly)

    async def restart(self, name: str, assembly: str, resource: str) -> None:
        """Restart one service."""
        if resource not in self._assembly(name, assembly).resources:
            raise NotFoundError(f"{name}/{assembly} has no resource {resource}")
        await self._recover(Rung.RESTART, name, assembly, resource)

    async def ssh_target(self, name: str, assembly: str) -> SshTarget:
        """How to log in."""
        instance = self._assembly(name, assembly).instance
        if instance is None or not instance.address:
            raise RefusedError(f"{name}/{assembly} has no machine now", f"pcloud deployable status {name} shows why")
        key = self._keyring.client_path(name)
        return SshTarget(address=instance.address, port=instance.port, user=instance.user, key=key, host_key=instance.host_key)

    async def events(
        self, *, after: int, limit: int, target: str, since: datetime | None, last: bool, kind: str = ""
    ) -> Sequence[EventRecord]:
        """Stored events."""
        return await self._store.events(after=after, limit=limit, target=target, since=since, last=last, kind=kind)

    async def explanations(self, *, target: str, last: int) -> Sequence[Explanation]:
        """The last decisions, with what came of them."""
        return await self._store.explanations(target=target, last=last)

    async def facts(self, name: str, *, after: int, limit: int) -> Sequence[FactRecord]:
        """What its policy was given."""
        await self.spec(name)
        return await self._store.facts(name, after=after, limit=limit)

    async def spec(self, name: str) -> SpecInForce:
        """Its spec, with what it inherits. One that could not be taken up has a spec as well."""
        stored = await self._store.deployable(name)
        if stored is None:
            raise self.attendance.unknown(name)
        infrastructures = {each: keys.written() for each, keys in self._defaults.infrastructures.items()}
        return SpecInForce(upload=stored.upload, recovery=self._defaults.system.written(), infrastructures=infrastructures)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[Subscription]:
        """Every event from now on, through a bounded queue."""
        with self.streams.subscription() as queue:
            yield queue
