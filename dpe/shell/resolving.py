"""Asking what became of what was under way when the controller began to only observe (policy.md section 6).

Rules: nothing is done anywhere. What is seen to be done is an event, as from who had done it; what is not is asked about again, and stays
open until somebody takes it up. What shows nowhere (a configuration, a fence whose stop may not have been ours) is not asked about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from dpe.shell.facts import Fact
from dpe.shell.guest import named
from dpe.shell.machines import Machines
from pcloud.errors import PcloudError
from pcloud.limits import time_limit
from pcloud.model.actions import Action, LaunchInstance, RebootAssembly, RestartResource, StartResources
from pcloud.model.events import ActionDone, InstanceLaunched
from pcloud.model.plan import DeployablePlan
from pcloud.model.ports import Agent
from pcloud.model.words import Verdict

AGAIN = 15.0  # seconds: as often as a machine that does not answer is tried
ONE_LOOK = 120.0  # seconds: a list of a slow cloud, and every service of a machine


class Resolver:
    """For one deployable; the parameters are those of ``Performer``."""

    def __init__(
        self,
        plan: Callable[[], DeployablePlan],
        machines: Machines,
        agent: Callable[[str, int], Agent | None],
        boot_id: Callable[[str], str],
        contact: Callable[[str], Awaitable[None]],
    ) -> None:
        self._plan = plan
        self._machines = machines
        self._agent = agent
        self._boot_id = boot_id
        self._contact = contact

    async def resolved(self, action: Action) -> Fact:
        """Return when it is seen to be done, however long that takes."""
        while True:
            try:
                async with time_limit(ONE_LOOK):
                    found = await self._look(action)
            except (TimeoutError, PcloudError):
                found = None  # who cannot be asked now is asked later
            if found is not None:
                return found
            await asyncio.sleep(AGAIN)

    async def _look(self, action: Action) -> Fact | None:
        """What is seen of it; None for nothing."""
        match action:
            case RebootAssembly():
                await self._contact(action.assembly)
                done = self._boot_id(action.assembly) != action.boot_id
            case RestartResource(resource=name):
                done = await self._run(action, (name,))
            case StartResources(resources=names, restart=restart):
                done = not restart and await self._run(action, names)  # that it runs says nothing of the values that it has read
            case LaunchInstance():
                made = await self._machines.seen(action.assembly, action.infrastructure, action.generation, self._user(action.assembly))
                return Fact(InstanceLaunched, action=action.id, instance=made) if made is not None else None
            case _:
                return None
        return Fact(ActionDone, action=action.id) if done else None

    async def _run(self, action: RestartResource | StartResources, names: tuple[str, ...]) -> bool:
        """Whether all of these services run."""
        await self._contact(action.assembly)
        agent, plan = self._agent(action.assembly, action.generation), self._plan().assembly(action.assembly)
        if agent is None or plan is None:
            return False
        return all([await agent.running(named(plan, name)) is Verdict.PASSED for name in names])

    def _user(self, assembly: str) -> str:
        plan = self._plan().assembly(assembly)
        return plan.monitor.user if plan is not None else ""
