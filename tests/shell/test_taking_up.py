"""What the controller says of deployables when it takes them up, and of those that it cannot (their infrastructure is gone, say)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agents.ssh.logins import SshLogins
from cpe.shell.adopting import Outside
from cpe.shell.controller import Controller
from cpe.shell.keyring import FileKeyring
from cpe.shell.store.sqlite import SqliteStore
from dpe.shell.engine import Engine
from dpe.shell.surroundings import Surroundings
from pcloud.errors import InfrastructureError, NotFoundError, RefusedError
from pcloud.model.plan import DeployablePlan
from pcloud.model.ports import Infrastructure, Stored
from pcloud.records.event import EventRecord
from pcloud.records.requests import SpecUpload
from pcloud.spec.recovery import RecoveryDefaults
from tests.infrastructures.memory_cloud import MemoryCloud
from tests.shell.guards import overseer
from tests.shell.house import no_agents

pytestmark = pytest.mark.real  # the store has threads of its own

SPEC = """\
deployable: {name}
infrastructure: {infrastructure}
assemblies:
  db:
    image: host
    resources:
      mysqld: {{agent: "systemd:mariadb", monitor: {{interval: {interval}}}}}
"""


def upload(name: str = "shop", infrastructure: str = "lab", interval: str = "5s") -> SpecUpload:
    return SpecUpload(source=SPEC.format(name=name, infrastructure=infrastructure, interval=interval), path=f"{name}.yaml")


class Desk:
    """A controller on a store that outlives it; ``clouds`` are those that are configured."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clouds: dict[str, Infrastructure] = {"lab": MemoryCloud(), "away": MemoryCloud("away")}

    def infrastructure(self, name: str) -> Infrastructure:
        if name not in self.clouds:
            raise InfrastructureError(f"there is no infrastructure {name}")
        return self.clouds[name]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Controller]:
        async with SqliteStore(self.directory) as store:
            keyring = FileKeyring(self.directory / "keys", store.controller)
            around = Surroundings(store, keyring, no_agents, self.infrastructure, lambda _: "", time.time, overseer())

            def engine(plan: DeployablePlan, stored: Stored | None) -> Engine:
                return Engine(plan, stored, around)

            controller = Controller(
                store,
                engine,
                keyring,
                Outside(self.infrastructure, SshLogins(keyring.client_path)),
                defaults=RecoveryDefaults(),
                state_directory=self.directory,
                wall=time.time,
                forget=around.guards.forget,
            )
            try:
                await controller.open()
                yield controller
            finally:
                await controller.close()


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


async def events(controller: Controller, kind: str) -> list[EventRecord]:
    found = await controller.events(after=0, limit=100, target="", since=None, last=False)
    return [event for event in found if event.kind == kind]


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


@pytest.mark.parametrize(
    "ask",
    [
        lambda controller: controller.status("far"),
        lambda controller: controller.start("far"),
        lambda controller: controller.stop("far"),
        lambda controller: controller.reboot("far", "db"),
        lambda controller: controller.relaunch("far", "db"),
        lambda controller: controller.restart("far", "db", "mysqld"),
        lambda controller: controller.ssh_target("far", "db"),
    ],
    ids=["status", "start", "stop", "reboot", "relaunch", "restart", "ssh"],
)
async def test_whatever_else_is_asked_of_it_is_refused_with_the_cure(
    lamed: Controller, ask: Callable[[Controller], Awaitable[object]]
) -> None:
    with pytest.raises(RefusedError, match="far could not be taken up: there is no infrastructure away") as refused:
        await ask(lamed)
    assert refused.value.cure == "mend that and create it again, or delete it"
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
    with pytest.raises(RefusedError, match="its volumes cannot be deleted: there is no infrastructure away"):
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
