"""What surrounds one assembly in a test of the shell: a cloud in memory, real keys, and no journal and no agents unless a test has some."""

from __future__ import annotations

import time
from pathlib import Path

from cpe.shell.keyring import FileKeyring
from dpe.shell.facts import Fact
from dpe.shell.machines import Machines
from dpe.shell.secrets import Secrets
from dpe.shell.surroundings import Surroundings
from pcloud.errors import InfrastructureError, SecretError
from pcloud.model.instance import Instance, LaunchOrder
from pcloud.model.plan import AssemblyPlan, DeployablePlan, Secret, VolumePlan
from pcloud.model.ports import Agent, Infrastructure, SecretReading
from tests.infrastructures.memory_cloud import MemoryCloud, Node
from tests.shell.guards import overseer

DB = AssemblyPlan("db", "lab", image="host", volumes=(VolumePlan("data", 1, "/data"),))
SHOP = DeployablePlan("shop", ("lab",), (DB,))


class NoJournal:
    async def record(self, *_: object, **__: object) -> None:
        raise AssertionError("nothing is decided here")

    async def writable(self) -> None:
        raise AssertionError("nothing is decided here")


def no_agents(*_: object) -> Agent:
    raise AssertionError("nothing is watched here")


class House:
    """One deployable's machines at a cloud that the test can hurt."""

    def __init__(self, directory: Path, values: dict[str, str] | None = None) -> None:
        self.cloud = MemoryCloud()
        self.keyring = FileKeyring(directory / "keys", self.cloud.controller)
        self.values = values or {}
        self.posted: list[Fact] = []
        self.surroundings = Surroundings(NoJournal(), self.keyring, no_agents, self.infrastructure, self.secret, time.time, overseer())
        self.secrets = Secrets(self.secret, self.posted.append)
        self.machines = Machines("shop", self.surroundings, self.secrets, self.posted.append)

    def infrastructure(self, name: str) -> Infrastructure:
        if name != self.cloud.name:
            raise InfrastructureError(f"there is no {name}")
        return self.cloud

    def secret(self, secret: Secret) -> SecretReading:
        if secret.name not in self.values:
            raise SecretError(f"secret {secret.name} cannot be read")
        return SecretReading(self.values[secret.name])

    def order(self, generation: int) -> LaunchOrder:
        return LaunchOrder(f"shop-db-{generation}", self.keyring.tags("shop", "db", generation), "host", "", b"")

    def put(self, generation: int, seen_in: float = 0.0) -> Node:
        """An instance that somebody else has asked for: an earlier controller, say."""
        return self.cloud.put(self.order(generation), seen_in)

    def instance(self, node: Node) -> Instance:
        return Instance(node.id, node.order.tags.generation, node.address, infrastructure="lab")

    async def launch(self, generation: int, *, resumed: bool = False) -> Instance:
        return await self.machines.launch(DB, "lab", generation, resumed=resumed)
