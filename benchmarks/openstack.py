"""Two servers on the OpenStack lab, from the call to both ACTIVE, and one of them replaced: pcloud beside plain libcloud, and beside Heat.

Run as root with the lab up (`openstack-lab up --heat`; without Heat its rows are missing): python -m benchmarks.openstack [ROUNDS].
What it makes there is deleted again. Everybody's servers are looked at through the same driver.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from libcloud.compute.providers import get_driver
from libcloud.compute.types import NodeState

from benchmarks.stacks import HEAT, Stack
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.openstack.account import Entry
from cpe.shell.infrastructures.openstack.identity import Identity
from cpe.shell.infrastructures.openstack.words import LoginError
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.model.instance import LaunchOrder, Tags
from pcloud.model.words import InstanceStatus
from tests.system.running import Daemon

CLOUDS = Path("/var/lib/pcloud-openstack-lab/clouds.yaml")
IMAGE, SIZE, NETWORK = "blank", "lab.tiny", "provider"
LOOK = 0.1  # seconds between two looks, whoever looks
ASSEMBLIES = ("web", "db")
SPEC = """
deployable: bench
infrastructure: lab
defaults: {image: IMAGE, size: SIZE, data: ephemeral, monitor: {silence: 30m}}
assemblies:
  web: {resources: {one: {agent: 'process:sleep 9'}}}
  db: {resources: {one: {agent: 'process:sleep 9'}}}
""".replace("IMAGE", IMAGE).replace("SIZE", SIZE)


@dataclass
class Rounds:
    """What was measured, in seconds, by what it was."""

    times: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.times.setdefault(what, []).append(time.perf_counter() - began)
        print(f"  {what}: {self.times[what][-1]:.2f} s", flush=True)

    def row(self, operation: str, ours: str, peer: str) -> None:
        if ours in self.times and peer in self.times:
            mine, theirs = (statistics.median(self.times[each]) for each in (ours, peer))
            print(f"{operation:44}{ours:>28} {mine:6.2f} s{peer:>24} {theirs:6.2f} s{mine / theirs:8.2f}")


class Cloud:
    """The lab's account, as somebody sees it who has read libcloud's manual: image, size and network are known already."""

    def __init__(self) -> None:
        self.drivers = [plain_driver() for _ in ASSEMBLIES]  # one for each thread
        self.size = next(each for each in self.drivers[0].list_sizes() if each.name == SIZE)
        self.image = next(each for each in self.drivers[0].list_images() if each.name == IMAGE)
        self.network = next(each for each in self.drivers[0].ex_list_networks() if each.name == NETWORK)

    async def launch(self) -> None:
        """Both at once."""

        def one(driver: Any, name: str) -> None:
            driver.create_node(name=f"bench-{name}", size=self.size, image=self.image, networks=[self.network])

        await asyncio.gather(*(asyncio.to_thread(one, *each) for each in zip(self.drivers, ASSEMBLIES, strict=True)))
        self.until_active()

    def until_active(self) -> None:
        """Both run."""
        while sum(each.state == NodeState.RUNNING for each in self.drivers[0].list_nodes()) < len(ASSEMBLIES):
            time.sleep(LOOK)

    def gone(self) -> None:
        """Nothing is left, or its end would be part of what comes next."""
        for node in self.drivers[0].list_nodes():
            self.drivers[0].destroy_node(node)
        while self.drivers[0].list_nodes():
            time.sleep(LOOK)


def plain_driver() -> Any:
    auth = yaml.safe_load(CLOUDS.read_text())["clouds"]["demo"]["auth"]
    return get_driver("openstack")(
        auth["username"],
        auth["password"],
        ex_force_auth_url=auth["auth_url"].removesuffix("/v3"),
        ex_force_auth_version="3.x_password",
        ex_tenant_name=auth["project_name"],
        ex_force_service_region="RegionOne",
        api_version="2.2",
    )


def order(assembly: str, generation: int) -> LaunchOrder:
    return LaunchOrder(f"bench-{assembly}", Tags("bench", "bench", assembly, generation), IMAGE, SIZE, b"#!/bin/sh\n")


async def both(cloud: Any, generation: int) -> list[str]:
    """Launched through the adapter at once, as a DPE launches what does not depend on each other."""
    made = await asyncio.gather(*(cloud.create(order(each, generation)) for each in ASSEMBLIES))
    return [str(each.id) for each in made]


async def until(cloud: Any, instance_id: str, status: InstanceStatus) -> None:
    while (reading := await cloud.read(instance_id)).status is not status:
        if reading.status is InstanceStatus.ERROR:
            raise SystemExit(f"{instance_id}: {reading.fault}")
        await asyncio.sleep(LOOK)


async def replaced(cloud: Any, old: str, generation: int) -> None:
    """A relaunch as the policy does it: stopped, seen off, the port moved, the next one made."""
    await cloud.stop(old)
    await until(cloud, old, InstanceStatus.SHUTOFF)
    made = await cloud.create(order(ASSEMBLIES[0], generation))
    await until(cloud, made.id, InstanceStatus.ACTIVE)


async def through_the_adapter(rounds: Rounds, cloud: Any, seen: Cloud, turn: int) -> None:
    for kept, what in enumerate(("adapter, new ports", "adapter, kept ports")):
        with rounds.timed(what):
            made = await both(cloud, 3 * turn + 1 + kept)
            seen.until_active()
        if kept:
            with rounds.timed("stop, seen off, create"):
                await replaced(cloud, made[0], 3 * turn + 3)
        seen.gone()
    await cloud.delete_ports("bench")


def as_a_deployable(rounds: Rounds, daemon: Daemon, seen: Cloud) -> None:
    """The whole daemon: from the request to start it."""
    daemon.create(SPEC)
    with rounds.timed("deployable start"):
        daemon.client.start("bench")
        seen.until_active()
    daemon.client.stop("bench")
    daemon.until_state("bench", "stopped", patience=120)
    daemon.client.delete("bench", volumes=True)
    seen.gone()


def as_a_stack(rounds: Rounds, stack: Stack, seen: Cloud) -> None:
    with rounds.timed("Heat stack"):
        stack.create()
        seen.until_active()
    stack.until("CREATE_COMPLETE")
    with rounds.timed("Heat, healed"):
        stack.heal(ASSEMBLIES[0])
    stack.delete()
    seen.gone()


def a_stack() -> Stack | None:
    """None where the lab has no Heat."""
    account = Entry("demo", yaml.safe_load(CLOUDS.read_text())["clouds"]["demo"]).account()
    identity = Identity(lambda: account)
    try:
        identity.token().address(HEAT)
    except LoginError:
        return None
    return Stack(identity, "bench", ASSEMBLIES, {"image": IMAGE, "flavor": SIZE, "networks": [{"network": NETWORK}]})


async def measured(count: int, daemon: Daemon, state: Path) -> Rounds:
    rounds, seen, stack = Rounds(), Cloud(), a_stack()
    cloud: Any = build("lab", InfrastructureSettings(driver="openstack", cloud="demo"), controller="bench", state_directory=state)
    seen.gone()
    for turn in range(count):
        print(f"round {turn + 1}", flush=True)
        with rounds.timed("plain libcloud"):
            await seen.launch()
        seen.gone()
        await through_the_adapter(rounds, cloud, seen, turn)
        as_a_deployable(rounds, daemon, seen)
        if stack is not None:
            as_a_stack(rounds, stack, seen)
    cloud.close()
    return rounds


def main(count: int) -> None:
    os.environ["OS_CLIENT_CONFIG_FILE"] = str(CLOUDS)
    with tempfile.TemporaryDirectory() as directory:
        daemon = Daemon(Path(directory))
        daemon.config.write_text('[infrastructures.lab]\ndriver = "openstack"\ncloud = "demo"\n')
        daemon.start()
        try:
            rounds = asyncio.run(measured(count, daemon, Path(directory)))
        finally:
            daemon.clear()
    print(f"\n{f'medians of {count}, load {os.getloadavg()[0]:.0f}':44}{'ours':>37}{'peer':>33}{'ratio':>8}")
    for ours in ("adapter, kept ports", "adapter, new ports", "deployable start"):
        rounds.row("two servers, until both are ACTIVE", ours, "plain libcloud")
    rounds.row("two servers, until both are ACTIVE", "deployable start", "Heat stack")
    rounds.row("one of them replaced", "stop, seen off, create", "Heat, healed")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
