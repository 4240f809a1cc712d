"""Keeps the DPEs running: one task each; one that dies of a bug is reported and started again from the store, the others do not notice.

Rules: a DPE's end is never the controller's, whether it dies at work or when it is made from what is stored. What cannot be kept running
(deaths.py) is blocked until somebody says ``retry``: nothing decides about it, and its machines are left as they are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from cpe.shell.deaths import TOO_MANY, WITHIN, Deaths, died_of
from cpe.shell.engines import Engine, EngineFactory
from cpe.shell.store.port import StoredDeployable
from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import PcloudError, RefusedError, StoreError
from pcloud.model.actions import Report
from pcloud.model.plan import DeployablePlan
from pcloud.model.ports import Stored
from pcloud.model.state import DeployableState
from pcloud.records.requests import SpecUpload
from pcloud.spec.units import duration_text

log = logging.getLogger(__name__)
DIED = "dpe died"


@dataclass(slots=True)
class Kept:
    """One DPE. ``engine`` is the one that runs now, or the last that ran; None if none could be made since the daemon started."""

    engine: Engine | None
    task: asyncio.Task[None] | None = None
    deaths: Deaths = field(default_factory=Deaths)
    trouble: str = ""  # why no engine runs
    blocked: bool = False  # and none will, until somebody says so
    ending: bool = False  # its task is to end


class Keeper:
    """Starts, restarts and ends DPEs. ``given_up`` is called with the name of one that is blocked: it must be in nobody's way."""

    def __init__(
        self,
        store: SqliteStore,
        factory: EngineFactory,
        wall: Callable[[], float],
        plan_of: Callable[[SpecUpload], DeployablePlan],
        given_up: Callable[[str], None],
    ) -> None:
        self._store = store
        self._factory = factory
        self._wall = wall
        self._plan_of = plan_of
        self._given_up = given_up
        self._kept: dict[str, Kept] = {}

    @property
    def names(self) -> list[str]:
        """All deployables, sorted."""
        return sorted(self._kept)

    def engine(self, name: str) -> Engine | None:
        """The engine of a deployable, be it that of a dead DPE."""
        kept = self._kept.get(name)
        return kept.engine if kept is not None else None

    def last_states(self) -> Iterator[DeployableState]:
        """How all of them stood when they were looked after last."""
        return (kept.engine.state for kept in self._kept.values() if kept.engine is not None)

    def states(self) -> dict[str, DeployableState | None]:
        """How each deployable stands; None for one that nobody looks after at the moment."""
        attended = {name: kept.engine for name, kept in self._kept.items() if not self.trouble(name)}
        return {name: engine.state if (engine := attended.get(name)) is not None else None for name in self._kept}

    def trouble(self, name: str) -> str:
        """Why nobody looks after a deployable at the moment; empty if somebody does."""
        kept = self._kept.get(name)
        if kept is None:
            return ""
        return kept.trouble or (kept.engine.halted if kept.engine is not None else "")

    def blocked(self, name: str) -> bool:
        """Whether nobody will, until somebody says so."""
        kept = self._kept.get(name)
        return kept is not None and (kept.blocked or (kept.engine is not None and bool(kept.engine.halted)))

    async def add(self, plan: DeployablePlan) -> None:
        """Start the DPE of a deployable from what the store holds of it; raises what is in the way of that."""
        made = Kept(self._factory(plan, await self._store.load_state(plan.name)))
        if plan.name in self._kept:  # one that could not be taken up before
            await self.remove(plan.name)
        self._keep_running(plan.name, made)

    async def take_up(self, known: Sequence[StoredDeployable]) -> None:
        """The same of several when the daemon starts: whatever is in the way of one is told, and keeps nobody from the others.

        They begin at once, so that their beginnings are recorded in one transaction.
        """
        states = await self._store.load_states([each.name for each in known])
        made = {}
        for stored, state in zip(known, states, strict=True):
            await asyncio.sleep(0)  # a spec takes milliseconds to read
            if (kept := await self._taken_up(stored, state)) is not None:
                made[stored.name] = kept
        for name, kept in made.items():
            self._keep_running(name, kept)

    async def begun(self, patience: float) -> None:
        """Return when all engines have decided on their beginning, or after ``patience`` seconds: one may be dying, or unable to record."""
        waits = [asyncio.create_task(kept.engine.taken_in()) for kept in self._kept.values() if kept.engine is not None and kept.task]
        if not waits:
            return
        _, late = await asyncio.wait(waits, timeout=patience)
        for each in late:
            each.cancel()
        for ended in await asyncio.gather(*waits, return_exceptions=True):
            if isinstance(ended, Exception) and not isinstance(ended, PcloudError):
                raise ended

    async def _taken_up(self, stored: StoredDeployable, state: Stored | Exception | None) -> Kept | None:
        """What is to be kept running; None for one that is blocked."""
        try:
            return Kept(self._factory(self._plan_of(stored.upload), readable(state)))
        except PcloudError as error:
            log.error("deployable cannot be taken up", extra={"deployable": stored.name, "reason": str(error)})  # noqa: TRY400 - no bug
            self._kept[stored.name] = Kept(None, trouble=not_taken_up(error), blocked=True)
            await self._report(stored.name, "blocked", f"cannot be taken up: {error}")
            return None
        except Exception as error:  # a bug, or a state that nobody foresaw
            log.exception(DIED, extra={"deployable": stored.name})
            self._kept[stored.name] = kept = Kept(None)
            await self._died(stored.name, kept, error, lived=0.0)
            return kept

    async def retry(self, name: str) -> None:
        """Start the DPE of a deployable that nobody looks after, and forget its deaths. Raises what is in the way of it."""
        kept = self._kept[name]
        await _ended(kept)
        kept.blocked = True
        try:
            engine = await self._made(name)
        except PcloudError as error:
            kept.trouble = not_taken_up(error)
            raise
        except Exception as error:
            log.exception(DIED, extra={"deployable": name})
            kept.trouble = f"it could not be taken up: its engine died of {died_of(error)}"
            raise RefusedError(f"{name} is blocked: {kept.trouble}", "the daemon's log says more") from error
        self._keep_running(name, Kept(engine))

    async def remove(self, name: str) -> None:
        """End the DPE of a deployable; its machines are left as they are."""
        await _ended(self._kept.pop(name))

    async def close(self) -> None:
        """End all DPEs; machines are left as they are."""
        tasks = [kept.task for kept in self._kept.values() if kept.task is not None]
        for kept in self._kept.values():
            kept.ending = True
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _keep_running(self, name: str, kept: Kept) -> None:
        self._kept[name] = kept
        kept.task = asyncio.create_task(self._keep(name, kept), name=f"dpe {name}")
        kept.task.add_done_callback(partial(self._over, name, kept))

    def _over(self, name: str, kept: Kept, task: asyncio.Task[None]) -> None:
        """Nobody looks after a deployable any more. That must never happen unseen, whatever has ended the task."""
        if kept.ending or kept.blocked:
            return
        error = None if task.cancelled() else task.exception()
        log.critical("nobody looks after a deployable any more", exc_info=error, extra={"deployable": name})
        kept.trouble, kept.blocked = "its task has ended, and nobody has asked for that", True
        self._given_up(name)

    async def _keep(self, name: str, kept: Kept) -> None:
        """Run the engine; when it dies, report it and go on with a new one, until it is blocked."""
        loop = asyncio.get_running_loop()
        while not kept.blocked:
            began = loop.time()
            try:
                if kept.trouble and not await self._renewed(name, kept):
                    continue
                began = loop.time()
                if kept.engine is not None:
                    await kept.engine.run()
            except StoreError as error:
                self._waits(name, kept, error, lived=loop.time() - began)
            except Exception as error:  # whatever a DPE dies of, the others must not notice
                log.exception(DIED, extra={"deployable": name})
                await self._died(name, kept, error, lived=loop.time() - began)

    async def _renewed(self, name: str, kept: Kept) -> bool:
        """Wait, and make a new engine in place of the dead one; whether there is one. What it raises is a bug."""
        await asyncio.sleep(kept.deaths.wait)
        try:
            kept.engine, kept.trouble = await self._made(name), ""
        except PcloudError as error:  # the store, or an infrastructure that is not configured any more
            self._waits(name, kept, error, lived=0.0)
            return False
        return True

    def _waits(self, name: str, kept: Kept, error: PcloudError, *, lived: float) -> None:
        """It cannot run, and that is no bug of its own."""
        log.warning("dpe waits", extra={"deployable": name, "reason": str(error)})
        kept.deaths.otherwise(lived)
        kept.trouble = f"{error}; it is tried again"

    async def _made(self, name: str) -> Engine:
        """A new engine from the store, with the spec that the state goes by."""
        stored = await self._store.deployable(name)
        if stored is None:
            raise StoreError(f"the spec of {name} is not in the store")
        return self._factory(self._plan_of(stored.upload), await self._store.load_state(name))

    async def _died(self, name: str, kept: Kept, error: Exception, *, lived: float) -> None:
        """Say what a DPE died of; block it if that was once too often."""
        kept.deaths.of_a_bug(asyncio.get_running_loop().time(), lived)
        if not kept.deaths.too_many:
            kept.trouble = f"its engine died: {died_of(error)}; it is started again"
            await self._report(name, "crashed", kept.trouble)
            return
        times = f"its engine died {TOO_MANY} times within {duration_text(WITHIN)}, the last time of {died_of(error)}"
        kept.trouble, kept.blocked = f"{times}; its machines are left as they are", True
        self._given_up(name)
        await self._report(name, "blocked", f"{kept.trouble}; pcloud retry {name} starts it again")

    async def _report(self, name: str, kind: str, reason: str) -> None:
        """Write into the journal what became of a DPE; it calls for somebody."""
        try:
            await self._store.report(name, Report(kind, reason=reason, alert=True), wall=self._wall())
        except StoreError as trouble:
            log.warning("the end of a dpe cannot be recorded", extra={"deployable": name, "kind": kind, "reason": str(trouble)})


def readable(state: Stored | Exception | None) -> Stored | None:
    """A state from the store; raises why there is none to be had."""
    if isinstance(state, Exception):
        raise state
    return state


def not_taken_up(error: PcloudError) -> str:
    """Why no engine could be made, and what would help."""
    return "; ".join(part for part in (f"it could not be taken up: {error}", error.cure) if part)


async def _ended(kept: Kept) -> None:
    """End its task, if it has one."""
    kept.ending = True
    if kept.task is not None:
        kept.task.cancel()
        await asyncio.wait([kept.task])
