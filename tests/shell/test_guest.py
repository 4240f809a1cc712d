"""Steps in a machine: each has an id of its own, and is asked about when the connection has broken in its middle."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from dpe.shell.guest import RECONNECTING, Guest, restart, start_all
from pcloud.model.actions import RestartResource, StartResources
from pcloud.model.events import ActionDone, ActionFailed
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, ResourcePlan, SystemdAgent
from pcloud.model.ports import Outcome
from tests.shell.stage import Puppet, now

PHP = ResourcePlan("php", SystemdAgent("php.service"))
PLAN = AssemblyPlan("web", "lab", resources=(PHP,))
RESTART = RestartResource("shop.7", "web", "php", 1, 180.0)
LOST = Outcome(None, "the connection broke", lost=True)


class Breaking(Puppet):
    """Its connection breaks ``breaks`` times in the middle of something; ``ids`` are those that it was asked for."""

    def __init__(self, breaks: int) -> None:
        super().__init__(Instance("i-1", 1, "127.0.0.1"), lambda _: None)
        self.breaks = breaks
        self.ids: list[str] = []

    async def start(self, resource: ResourcePlan, environment: Mapping[str, str], action_id: str = "") -> Outcome:
        return self._answer(action_id)

    async def stop(self, resource: ResourcePlan, environment: Mapping[str, str], action_id: str = "") -> Outcome:
        return self._answer(action_id)

    def _answer(self, action_id: str) -> Outcome:
        self.ids.append(action_id)
        self.breaks -= 1
        return LOST if self.breaks >= 0 else Outcome(0)


def guest(agent: Puppet | None, away: float = 0.0) -> Guest:
    """The hands of an action; contact comes ``away`` seconds after it is asked for."""
    return Guest("lab.5.0.shop.7", lambda: agent, lambda: asyncio.sleep(away))


async def test_each_step_has_an_id_and_is_asked_about_under_the_same_one() -> None:
    agent = Breaking(2)
    assert (await restart(RESTART, guest(agent, away=5.0), PLAN, {})).kind is ActionDone
    stop, start = "lab.5.0.shop.7.stop.php", "lab.5.0.shop.7.start.php"
    assert agent.ids == [stop, stop, stop, start]


async def test_every_service_of_many_has_its_own() -> None:
    agent = Breaking(0)
    former = ResourcePlan("old", SystemdAgent("old.service"))
    action = StartResources("shop.8", "web", 1, ("php",), 90.0, restart=True, former=(former,))
    assert (await start_all(action, guest(agent), PLAN, {})).kind is ActionDone
    assert [each.removeprefix("lab.5.0.shop.7.") for each in agent.ids] == ["stop-former.old", "stop.php", "start.php"]


@pytest.mark.parametrize("away", [0.0, 1000.0])
async def test_a_connection_that_does_not_come_back_is_not_waited_for_for_ever(away: float) -> None:
    failed = await restart(RESTART, guest(Breaking(1_000_000), away), PLAN, {})
    assert (failed.kind, failed.fields["reason"]) == (ActionFailed, "the connection broke")
    assert RECONNECTING <= now() < RECONNECTING + 1.0


async def test_what_is_not_wanted_any_more_is_ended_under_its_id() -> None:
    agent = Breaking(1_000_000)
    hands = guest(agent, 5.0)
    hands.give_up()
    assert agent.given_up == []
    running = asyncio.create_task(restart(RESTART, hands, PLAN, {}))
    await asyncio.sleep(1.0)
    hands.give_up()
    assert agent.given_up == ["lab.5.0.shop.7.stop.php"]
    running.cancel()
    await asyncio.wait({running})


async def test_a_machine_that_has_no_agent_any_more_is_lost() -> None:
    failed = await restart(RESTART, guest(None), PLAN, {})
    assert (failed.kind, failed.fields["reason"]) == (ActionFailed, "no agent of this generation any more")
