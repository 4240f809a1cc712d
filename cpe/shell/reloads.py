"""Another spec for a deployable that is there: shown as a plan first, then made so.

Rules: one at a time, and never while what deployables there are changes; a file with a mistake changes nothing; a plan that is out of date
is refused. The spec in force and the state that goes by it become durable in one transaction, so that a controller that is killed at any
moment goes on by the one or by the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from cpe.shell.engines import Engine
from cpe.shell.reloading import reload_plan, spec_name, version_of
from cpe.shell.store.port import Store, StoredDeployable
from dpe.policy import stale
from pcloud.errors import NotFoundError, PcloudError, RefusedError
from pcloud.model.actions import Report
from pcloud.model.plan import DeployablePlan
from pcloud.records.reloading import ReloadPlan
from pcloud.records.requests import SpecUpload
from pcloud.spec.warnings import warnings


class Reloads:
    """Reloads of all deployables. ``attended`` gives the engine of one that is looked after; ``plan_of`` raises SpecError."""

    def __init__(
        self,
        store: Store,
        attended: Callable[[str], Engine],
        plan_of: Callable[[SpecUpload], DeployablePlan],
        taken_in: Callable[[str], Awaitable[None]],
        changing: asyncio.Lock,
        wall: Callable[[], float],
    ) -> None:
        self._store = store
        self._attended = attended
        self._plan_of = plan_of
        self._taken_in = taken_in
        self._changing = changing
        self._wall = wall

    async def plan(self, name: str, upload: SpecUpload) -> ReloadPlan:
        """What the spec would change; changes nothing. SpecError, NotFoundError, RefusedError."""
        stored = await self._known(name)
        made = self._made(name, upload)
        found = self._sound(self._attended(name), stored, made)
        return found.model_copy(update={"warnings": [*found.warnings, *warnings(made)]})

    async def apply(self, name: str, upload: SpecUpload, version: str) -> None:
        """Make it what the spec says; RefusedError where ``version`` is given and names another plan than that of now."""
        async with self._changing:
            stored = await self._known(name)
            made, engine = self._made(name, upload), self._attended(name)
            await self._taken_in(name)
            if version and version != version_of(stored.upload, engine.state.desired):
                raise RefusedError(
                    f"{name} was changed since this plan was made: nothing is done",
                    f"run pcloud deployable reload {name} again",
                )
            self._sound(engine, stored, made)
            if same(stored.upload, upload) and stored.upload.path == upload.path:
                return
            await self.put(made, upload)
            for warning in warnings(made):
                await self._store.report(name, Report("warned", reason=warning), wall=self._wall())

    @staticmethod
    def _sound(engine: Engine, stored: StoredDeployable, made: DeployablePlan) -> ReloadPlan:
        """The plan, if it can be done: a machine that works is not taken down for one that cannot be launched. RefusedError."""
        state = engine.state
        if state.stale:
            raise RefusedError(stale.refusal(state))
        if state.observing:
            raise RefusedError(f"{state.name} is only observed: {state.observing}", f"run pcloud takeover {state.name} first")
        missing = engine.unreadable(made)
        if missing:
            raise RefusedError(f"{state.name} is left as it is: {missing}", "see to the secret, then run it again")
        return reload_plan(state, stored.upload, made)

    async def put(self, made: DeployablePlan, upload: SpecUpload) -> None:
        """Hand the plan over, and return when both are durable. Whoever calls has seen to it that nothing else changes meanwhile."""
        spec = spec_name(upload)
        with self._store.staged(made.name, spec, upload):
            self._attended(made.name).change_plan(made, spec)
            await self._taken_in(made.name)
        if not same((await self._known(made.name)).upload, upload):
            raise PcloudError(f"{made.name} did not take up the new spec", "the daemon's log says why; run it again")

    async def _known(self, name: str) -> StoredDeployable:
        stored = await self._store.deployable(name)
        if stored is None:
            self._attended(name)  # says what is near
            raise NotFoundError(f"there is no deployable {name}", "pcloud deployable list shows what there is")
        return stored

    def _made(self, name: str, upload: SpecUpload) -> DeployablePlan:
        """The plan of a spec that must be the deployable's."""
        made = self._plan_of(upload)
        if made.name != name:
            raise RefusedError(
                f"{upload.path} describes {made.name}, and not {name}", f"give {name}'s own spec, or start this one beside it"
            )
        return made


def same(one: SpecUpload, other: SpecUpload) -> bool:
    """Whether two specs have the same content, wherever they were read."""
    return (one.source, one.files) == (other.source, other.files)
