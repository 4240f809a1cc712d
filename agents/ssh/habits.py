"""What the services of one machine say of their own times, asked over its connection.

Rules: a systemd unit is asked right before each action, for a reload of its file changes it; the metadata of an OCF agent are read once for
each connection and kept until it breaks, for only a package changes them. What could not be read is asked for again at the next action.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from agents.habits import ASKING, Habits, read_metadata, read_unit
from agents.resources import habits_script
from pcloud.model.plan import AssemblyPlan, OcfAgent, ResourcePlan, SystemdAgent
from pcloud.model.ports import Outcome

Execute = Callable[[str, Mapping[str, str], float], Awaitable[Outcome]]


class HabitsKept:
    """The habits of one machine's services; ``execute`` runs a script there."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._metadata: dict[tuple[str, str], Habits] = {}

    def forget(self) -> None:
        """The connection is gone."""
        self._metadata.clear()

    async def of(self, resource: ResourcePlan) -> Habits:
        """Those of one service, asked for where they are not known."""
        match resource.agent:
            case SystemdAgent():
                told = await self._execute(habits_script(resource), {}, ASKING)
                return read_unit(told.output if told.ok else "")
            case OcfAgent() as agent:
                return self._metadata.get(_name(agent)) or await self._read(resource, agent)
            case _:
                return Habits()

    async def _read(self, resource: ResourcePlan, agent: OcfAgent) -> Habits:
        told = await self._execute(habits_script(resource), {}, ASKING)
        if not told.ok or not told.output.strip():
            return Habits()
        habits = self._metadata[_name(agent)] = read_metadata(told.output)
        return habits

    def lived(self, resource: ResourcePlan) -> ResourcePlan:
        """The resource with the rhythm of its agent's metadata, as far as that is known, where nobody has written another."""
        known = self._metadata.get(_name(resource.agent)) if isinstance(resource.agent, OcfAgent) else None
        if known is None:
            return resource
        interval = known.interval if "interval" in resource.unwritten else None
        timeout = known.monitor if "timeout" in resource.unwritten else None
        return replace(resource, interval=interval or resource.interval, timeout=timeout or resource.timeout)

    async def learn(self, plan: AssemblyPlan) -> bool:
        """Read what is not known of the agents of a plan; whether that changes how anything of it is watched."""
        before = [self.lived(each) for each in plan.resources]
        for each in plan.resources:
            if isinstance(each.agent, OcfAgent):
                await self.of(each)
        return before != [self.lived(each) for each in plan.resources]


def _name(agent: OcfAgent) -> tuple[str, str]:
    return agent.provider, agent.kind
