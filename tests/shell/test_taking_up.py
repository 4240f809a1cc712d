"""What the controller says of deployables when it takes them up, and of those that it cannot (their infrastructure is gone, say)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from cpe.shell.controller import Controller
from pcloud.errors import InfrastructureError, NotFoundError, RefusedError
from pcloud.records.operating import TargetRequest
from tests.infrastructures.memory_cloud import MemoryCloud
from tests.shell.desk import Desk, events, upload

pytestmark = pytest.mark.real  # the store has threads of its own


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
async def lamed(desk: Desk) -> AsyncIterator[Controller]:
    """Two deployables, and the infrastructure of one of them is no longer configured."""
    async with desk.open() as controller:
        await controller.create(upload("far", "away"), replace=False)
        await controller.create(upload("near"), replace=False)
    del desk.clouds["away"]
    async with desk.open() as controller:
        yield controller


async def shown(controller: Controller) -> list[tuple[str, str]]:
    return [(each.name, each.state) for each in await controller.list_deployables()]


async def test_a_window_that_will_hardly_fill_is_warned_about_when_the_deployable_is_created(desk: Desk) -> None:
    async with desk.open() as controller:
        await controller.create(upload(interval="10m"), replace=False)
        (event,) = await events(controller, "warned")
    assert (event.deployable, event.alert) == ("shop", False)
    assert event.reason == "db/mysqld: 3 failures will hardly fall within 10m: its probes and the delays take 20m5s for them"


async def test_nothing_is_warned_about_in_a_spec_whose_windows_can_fill(desk: Desk) -> None:
    async with desk.open() as controller:
        await controller.create(upload(), replace=False)
        assert await events(controller, "warned") == []


async def test_a_deployable_that_cannot_be_taken_up_is_listed_as_blocked_beside_the_others(lamed: Controller) -> None:
    assert await shown(lamed) == [("far", "blocked"), ("near", "stopped")]
    (event,) = await events(lamed, "blocked")
    assert (event.deployable, event.reason, event.alert) == ("far", "cannot be taken up: there is no infrastructure away", True)


async def test_its_status_says_what_is_in_the_way_and_how_to_go_on(lamed: Controller) -> None:
    status = await lamed.status("far")
    assert (status.state, status.assemblies) == ("blocked", [])
    assert status.reason == "it could not be taken up: there is no infrastructure away; pcloud retry far starts it again"


async def test_retry_takes_it_up_when_its_trouble_is_mended_and_says_what_is_in_the_way_before(lamed: Controller, desk: Desk) -> None:
    retry = TargetRequest(owner="ann")
    with pytest.raises(InfrastructureError, match="there is no infrastructure away"):
        await lamed.words.retry("far", retry)
    assert ("far", "blocked") in await shown(lamed)
    desk.clouds["away"] = MemoryCloud("away")
    await lamed.words.retry("far", retry)
    assert (await lamed.status("far")).state == "stopped"
    with pytest.raises(RefusedError, match="nothing of far is exhausted, blocked or denied"):
        await lamed.words.retry("far", retry)


@pytest.mark.parametrize(
    "ask",
    [
        lambda controller: controller.start("far"),
        lambda controller: controller.stop("far"),
        lambda controller: controller.reboot("far", "db"),
        lambda controller: controller.relaunch("far", "db"),
        lambda controller: controller.restart("far", "db", "mysqld"),
        lambda controller: controller.ssh_target("far", "db"),
    ],
    ids=["start", "stop", "reboot", "relaunch", "restart", "ssh"],
)
async def test_whatever_else_is_asked_of_it_is_refused_with_the_cure(
    lamed: Controller, ask: Callable[[Controller], Awaitable[object]]
) -> None:
    with pytest.raises(RefusedError, match="far is blocked: it could not be taken up: there is no infrastructure away") as refused:
        await ask(lamed)
    assert refused.value.cure == "mend that, then run pcloud retry far; or create it again, or delete it"
    await lamed.status("near")


async def test_it_cannot_be_created_again_before_its_trouble_is_mended(lamed: Controller) -> None:
    with pytest.raises(InfrastructureError, match="there is no infrastructure away"):
        await lamed.create(upload("far", "away"), replace=False)
    assert ("far", "blocked") in await shown(lamed)


async def test_it_is_taken_up_when_it_is_created_again_with_a_spec_that_can_be(lamed: Controller) -> None:
    assert (await lamed.create(upload("far", "lab"), replace=False)).state == "stopped"
    assert await shown(lamed) == [("far", "stopped"), ("near", "stopped")]


async def test_it_can_be_deleted_and_is_gone_for_good(lamed: Controller, desk: Desk) -> None:
    await lamed.delete("far", volumes=False)
    assert await shown(lamed) == [("near", "stopped")]
    with pytest.raises(NotFoundError):
        await lamed.status("far")
    await lamed.create(upload("far", "lab"), replace=False)
    assert (await lamed.status("far")).state == "stopped"


async def test_it_is_not_deleted_when_its_volumes_should_go_too(lamed: Controller) -> None:
    with pytest.raises(RefusedError, match=r"the volumes of far cannot be deleted: .* there is no infrastructure away"):
        await lamed.delete("far", volumes=True)
    assert ("far", "blocked") in await shown(lamed)


async def test_the_next_start_takes_it_up_when_its_trouble_is_mended(desk: Desk) -> None:
    async with desk.open() as controller:
        await controller.create(upload("far", "away"), replace=False)
    away = desk.clouds.pop("away")
    async with desk.open() as controller:
        assert await shown(controller) == [("far", "blocked")]
    desk.clouds["away"] = away
    async with desk.open() as controller:
        assert await shown(controller) == [("far", "stopped")]
        assert len(await events(controller, "blocked")) == 1
