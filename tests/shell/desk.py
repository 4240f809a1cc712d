"""A real controller on a real store, with clouds in memory: what operators speak to."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agents.ssh.logins import SshLogins
from cpe.shell.adopting import Outside
from cpe.shell.controller import Controller
from cpe.shell.keyring import FileKeyring
from cpe.shell.store.sqlite import SqliteStore
from dpe.shell.engine import Engine
from dpe.shell.surroundings import Surroundings
from pcloud.errors import InfrastructureError
from pcloud.model.plan import DeployablePlan
from pcloud.model.ports import Infrastructure, Stored
from pcloud.records.event import EventRecord
from pcloud.records.requests import SpecUpload
from pcloud.spec.recovery import RecoveryDefaults
from tests.infrastructures.memory_cloud import MemoryCloud
from tests.shell.guards import overseer
from tests.shell.house import no_agents

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


async def events(controller: Controller, kind: str) -> list[EventRecord]:
    """All of one kind."""
    found = await controller.events(after=0, limit=100, target="", since=None, last=False)
    return [event for event in found if event.kind == kind]
