"""Keeps the DPEs running: one task each; one that dies of a bug is reported and started again from the store, the others do not notice.

Rules: a DPE's end is never the controller's; the wait before the next try doubles from 1 s to a minute, and begins anew once a DPE has run
for ten minutes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cpe.shell.engines import Engine, EngineFactory
from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import PcloudError, StoreError
from pcloud.model.actions import Report
from pcloud.model.plan import DeployablePlan
from pcloud.records.requests import SpecUpload

log = logging.getLogger(__name__)

FIRST_WAIT = 1.0  # seconds: long enough not to spin, short enough that a recovery under way hardly notices
LONGEST_WAIT = 60.0  # seconds: a bug that comes back at once must not fill the journal
FORGIVEN_AFTER = 600.0  # seconds of running after which an old end counts no more


@dataclass(slots=True)
class Kept:
    """One DPE. ``engine`` is the one that runs now, or the last that ran."""

    plan: DeployablePlan
    engine: Engine
    task: asyncio.Task[None]
    crashes: int = 0
    trouble: str = ""  # what the last engine died of, while there is no new one


class Keeper:
    """Starts, restarts and ends DPEs."""

    def __init__(
        self, store: SqliteStore, factory: EngineFactory, wall: Callable[[], float], plan_of: Callable[[SpecUpload], DeployablePlan]
    ) -> None:
        self._store = store
        self._factory = factory
        self._wall = wall
        self._plan_of = plan_of
        self._kept: dict[str, Kept] = {}

    @property
    def names(self) -> list[str]:
        """All deployables, sorted."""
        return sorted(self._kept)

    def engine(self, name: str) -> Engine | None:
        """The engine of a deployable."""
        kept = self._kept.get(name)
        return kept.engine if kept is not None else None

    def trouble(self, name: str) -> str:
        """Why nobody looks after a deployable at the moment; empty if somebody does."""
        kept = self._kept.get(name)
        return kept.trouble or kept.engine.halted if kept is not None else ""

    async def add(self, plan: DeployablePlan) -> None:
        """Start the DPE of a deployable from what the store holds of it. StoreError."""
        for error in (await self.add_all([plan])).values():
            raise error

    async def add_all(self, plans: Sequence[DeployablePlan]) -> dict[str, StoreError]:
        """The same of several, which begin at once; those whose state cannot be read, and why."""
        stored = await self._store.load_states([plan.name for plan in plans])
        unreadable = {}
        for plan, state in zip(plans, stored, strict=True):
            if isinstance(state, StoreError):
                unreadable[plan.name] = state
                continue
            engine = self._factory(plan, state)
            task = asyncio.create_task(self._keep(plan.name), name=f"dpe {plan.name}")
            self._kept[plan.name] = Kept(plan, engine, task)
        return unreadable

    async def remove(self, name: str) -> None:
        """End the DPE of a deployable; its machines are left as they are."""
        kept = self._kept.pop(name)
        kept.task.cancel()
        await asyncio.wait([kept.task])

    async def close(self) -> None:
        """End all DPEs; machines are left as they are."""
        tasks = [kept.task for kept in self._kept.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _keep(self, name: str) -> None:
        """Run the engine; when it dies, report it and go on with a new one."""
        kept = self._kept[name]
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await kept.engine.run()
            except Exception as error:  # whatever a DPE dies of, the others must not notice
                log.exception("dpe died", extra={"deployable": name})
                kept.trouble = f"its engine died: {type(error).__name__}: {error}; it is started again"
                kept.crashes = 1 if loop.time() - began > FORGIVEN_AFTER else kept.crashes + 1
                await self._report_crash(name, error)
            await asyncio.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (kept.crashes - 1)))
            kept.engine = await self._reload(name, kept)
            kept.trouble = ""

    async def _reload(self, name: str, kept: Kept) -> Engine:
        """A new engine from the store, with the spec that the state goes by; the store itself may need a few tries."""
        while True:
            try:
                stored = await self._store.deployable(name)
                kept.plan = self._plan_of(stored.upload) if stored is not None else kept.plan
                return self._factory(kept.plan, await self._store.load_state(name))
            except PcloudError as error:
                log.warning("deployable cannot be read from the store", extra={"deployable": name, "reason": str(error)})
                await asyncio.sleep(LONGEST_WAIT)

    async def _report_crash(self, name: str, error: Exception) -> None:
        """Write into the journal that a DPE died."""
        report = Report("crashed", reason=f"its engine died: {type(error).__name__}: {error}; it is started again", alert=True)
        try:
            await self._store.report(name, report, wall=self._wall())
        except StoreError as trouble:
            log.warning("crash cannot be recorded", extra={"deployable": name, "reason": str(trouble)})
