"""Actions that a controller left open when it died: looked at before they are done again (policy.md section 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from dpe.shell.facts import Fact
from dpe.shell.performing import PACKAGES, SEEN_AGAIN, Performer
from pcloud.model.actions import FenceInstance, GuestAction, RebootAssembly, RestartResource, StartResources, StopResources
from pcloud.model.events import ActionDone, ActionFailed, ActionRefused, InstanceFenced, InstanceMissing, StopFailed
from pcloud.model.plan import ResourcePlan, SystemdAgent
from pcloud.model.ports import Outcome
from pcloud.model.words import InstanceStatus, Verdict
from tests.infrastructures.memory_cloud import Node
from tests.shell.house import DB, SHOP, House
from tests.shell.stage import Puppet

WITH_A_SERVICE = replace(SHOP, assemblies=(replace(DB, resources=(ResourcePlan("mysqld", SystemdAgent("mysqld.service")),)),))


class Hands:
    """A performer with one machine; ``answers`` is the machine's coming into contact, with the boot id that it has then."""

    def __init__(self, directory: Path) -> None:
        self.house = House(directory)
        self.seen = asyncio.Event()
        self.boot_id = "first"
        self.agent: Puppet | None = None
        self.performer = Performer(
            lambda: WITH_A_SERVICE,
            self.house.machines,
            self.house.secrets,
            lambda *_: self.agent,
            lambda _: self.boot_id,
            lambda _: self.contact(),
            lambda _: {},
            lambda: "lab.5",
        )

    async def contact(self) -> None:
        await self.seen.wait()

    def answers(self, boot_id: str) -> None:
        self.boot_id = boot_id
        self.seen.set()

    def answers_in(self, seconds: float, boot_id: str) -> None:
        asyncio.get_running_loop().call_later(seconds, self.answers, boot_id)

    async def reboot(self, node: Node, *, resumed: bool, hard: bool = False) -> Fact:
        action = RebootAssembly("shop.1", "db", self.house.instance(node), "first", hard=hard, timeout=300.0)
        return await self.performer.perform(action, resumed=resumed)


@pytest.fixture
async def hands(tmp_path: Path) -> Hands:
    return Hands(tmp_path)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_reboot_is_asked_for_at_once(hands: Hands) -> None:
    node = hands.house.put(1)
    done = await hands.reboot(node, resumed=False)
    assert (done.kind, done.fields) == (ActionDone, {"action": "shop.1"})
    assert hands.house.cloud.asked == [f"reboot {node.id}"]
    assert now() == 0.0


@pytest.mark.parametrize(("hard", "waits"), [(False, [f"await packages {PACKAGES:g}"]), (True, [])])
async def test_a_soft_reboot_waits_for_packages_that_are_being_changed(hands: Hands, hard: bool, waits: list[str]) -> None:
    node = hands.house.put(1)
    hands.agent = Puppet(hands.house.instance(node), lambda _: None)
    assert (await hands.reboot(node, resumed=False, hard=hard)).kind is ActionDone
    assert hands.agent.done == waits


async def test_a_machine_that_comes_back_with_a_new_boot_id_is_not_rebooted_again(hands: Hands) -> None:
    node = hands.house.put(1)
    hands.answers_in(8.0, "second")
    done = await hands.reboot(node, resumed=True, hard=True)
    assert done.kind is ActionDone
    assert hands.house.cloud.asked == []
    assert now() == 8.0


async def test_a_machine_that_comes_back_with_its_old_boot_id_is_rebooted_after_all(hands: Hands) -> None:
    node = hands.house.put(1)
    hands.answers_in(5.0, "first")
    assert (await hands.reboot(node, resumed=True)).kind is ActionDone
    assert hands.house.cloud.asked == [f"reboot {node.id}"]
    assert now() == 5.0


@pytest.mark.parametrize(("lateness", "patience"), [(10.0, 10.0), (120.0, SEEN_AGAIN)])
async def test_a_machine_that_does_not_come_back_is_rebooted_when_it_had_time_to_boot(
    hands: Hands, lateness: float, patience: float
) -> None:
    hands.house.cloud.lateness = lateness
    node = hands.house.put(1)
    assert (await hands.reboot(node, resumed=True, hard=True)).kind is ActionDone
    assert hands.house.cloud.asked == [f"reboot hard {node.id}"]
    assert now() == patience


async def test_a_machine_that_is_off_is_switched_on_instead(hands: Hands) -> None:
    node = hands.house.put(1)
    node.status = InstanceStatus.SHUTOFF
    assert (await hands.reboot(node, resumed=False)).kind is ActionDone
    assert hands.house.cloud.asked == [f"start {node.id}"]


async def test_a_cloud_that_does_not_answer_fails_the_action(hands: Hands) -> None:
    node = hands.house.put(1)
    hands.house.cloud.down = True
    failed = await hands.reboot(node, resumed=False)
    assert (failed.kind, failed.fields) == (ActionFailed, {"action": "shop.1", "reason": "lab does not answer"})


async def test_an_action_that_takes_too_long_fails(hands: Hands) -> None:
    node = hands.house.put(1)
    hands.house.cloud.slowness = 1000.0
    failed = await hands.performer.perform(FenceInstance("shop.1", "db", hands.house.instance(node), 60.0), resumed=False)
    assert (failed.kind, failed.fields) == (ActionFailed, {"action": "shop.1", "reason": "not done after 60s"})
    assert now() == 60.0


class Slow(Puppet):
    """Its services take ten minutes to start and to stop, as they may."""

    async def start(self, resource: ResourcePlan, environment: Mapping[str, str], action_id: str = "") -> Outcome:
        await asyncio.sleep(600.0)
        return await super().start(resource, environment)

    async def stop(self, resource: ResourcePlan, environment: Mapping[str, str], action_id: str = "") -> Outcome:
        await asyncio.sleep(600.0)
        return await super().stop(resource, environment)


@pytest.mark.parametrize(
    ("action", "took"),
    [
        (RestartResource("shop.1", "db", "mysqld", 1, 180.0), 1200.0),
        (StartResources("shop.1", "db", 1, ("mysqld",), 90.0), 600.0),
        (StopResources("shop.1", "db", 1, ("mysqld",), 90.0), 600.0),
    ],
)
async def test_a_service_that_has_a_longer_time_of_its_own_is_given_it(hands: Hands, action: GuestAction, took: float) -> None:
    hands.agent = Slow(hands.house.instance(hands.house.put(1)), lambda _: None)
    hands.answers("first")
    assert (await hands.performer.perform(action, resumed=False)).kind is ActionDone
    assert now() == took


class Unable(Puppet):
    """Its services cannot be stopped; ``hard``: whatever is tried."""

    hard = False

    async def running(self, resource: ResourcePlan) -> Verdict:
        return Verdict.FAILED

    async def stop(self, resource: ResourcePlan, environment: Mapping[str, str], action_id: str = "") -> Outcome:
        return Outcome(4, "no rights", hard=self.hard)


@pytest.mark.parametrize(("hard", "kind"), [(False, StopFailed), (True, ActionRefused)])
async def test_a_stop_that_no_retry_mends_is_no_reason_for_a_reboot(hands: Hands, hard: bool, kind: type[ActionFailed]) -> None:
    hands.agent = unable = Unable(hands.house.instance(hands.house.put(1)), lambda _: None)
    unable.hard = hard
    hands.answers("first")
    failed = await hands.performer.perform(RestartResource("shop.1", "db", "mysqld", 1, 180.0), resumed=False)
    assert (failed.kind, failed.fields) == (kind, {"action": "shop.1", "reason": "no rights"})


async def test_a_machine_that_does_not_come_into_contact_is_not_waited_for_longer_than_the_action_has(hands: Hands) -> None:
    hands.agent = Slow(hands.house.instance(hands.house.put(1)), lambda _: None)
    failed = await hands.performer.perform(RestartResource("shop.1", "db", "mysqld", 1, 180.0), resumed=False)
    assert (failed.kind, failed.fields) == (ActionFailed, {"action": "shop.1", "reason": "not done after 180s"})
    assert hands.agent.done == []


async def test_a_fence_brings_the_machines_last_words_along(hands: Hands) -> None:
    node = hands.house.put(1)
    node.console = "Kernel panic"
    action = FenceInstance("shop.1", "db", hands.house.instance(node), 60.0)
    fenced = await hands.performer.perform(action, resumed=False)
    assert (fenced.kind, fenced.fields) == (InstanceFenced, {"action": "shop.1", "console": "Kernel panic"})
    del hands.house.cloud.nodes[node.id]
    assert (await hands.performer.perform(action, resumed=True)).kind is InstanceMissing
