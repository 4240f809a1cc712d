"""Two servers on the OpenStack lab, from the call to both ACTIVE: through the adapter, with kept ports, and plainly through libcloud.

Run as root with the lab up (make openstack-lab): python -m benchmarks.openstack [ROUNDS]. What it makes there is deleted again.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from libcloud.compute.providers import get_driver
from libcloud.compute.types import NodeState

from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.model.instance import LaunchOrder, Tags
from pcloud.model.words import InstanceStatus

CLOUDS = Path("/var/lib/pcloud-openstack-lab/clouds.yaml")
IMAGE, SIZE = "blank", "lab.tiny"
LOOK = 0.1  # seconds between two looks, of both ways
ASSEMBLIES = ("web", "db")


def order(assembly: str, generation: int) -> LaunchOrder:
    tags = Tags("bench", "bench", assembly, generation)
    return LaunchOrder(f"bench-{assembly}-{generation}", tags, IMAGE, SIZE, b"#!/bin/sh\n")


async def ours(cloud: Any, generation: int) -> list[str]:
    """Both launched at once, as a DPE launches what does not depend on each other."""

    async def launch(assembly: str) -> str:
        made = await cloud.create(order(assembly, generation))
        await until(cloud, made.id, InstanceStatus.ACTIVE)
        return str(made.id)

    return list(await asyncio.gather(*(launch(each) for each in ASSEMBLIES)))


async def until(cloud: Any, instance_id: str, status: InstanceStatus) -> None:
    while (reading := await cloud.read(instance_id)).status is not status:
        if reading.status is InstanceStatus.ERROR:
            raise SystemExit(f"{instance_id}: {reading.fault}")
        await asyncio.sleep(LOOK)


async def replaced(cloud: Any, old: str, generation: int) -> str:
    """A relaunch as the policy does it: stopped, seen off, the port moved, the next one made."""
    await cloud.stop(old)
    await until(cloud, old, InstanceStatus.SHUTOFF)
    made = await cloud.create(replace(order(ASSEMBLIES[0], generation)))
    await until(cloud, made.id, InstanceStatus.ACTIVE)
    return str(made.id)


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


async def plain(drivers: list[Any], things: tuple[Any, Any, Any]) -> list[Any]:
    """As somebody writes it who has read libcloud's manual: image, size and network are known already."""
    size, image, network = things

    def launch(driver: Any, name: str) -> Any:
        node = driver.create_node(name=name, size=size, image=image, networks=[network])
        while driver.ex_get_node_details(node.id).state != NodeState.RUNNING:
            time.sleep(LOOK)
        return node

    return list(await asyncio.gather(*(asyncio.to_thread(launch, each, name) for each, name in zip(drivers, ASSEMBLIES, strict=True))))


def gone(driver: Any, nodes: list[Any]) -> None:
    """Returns when nothing is left, or their end would be part of what comes next."""
    for node in nodes:
        driver.destroy_node(node)
    while driver.list_nodes():
        time.sleep(LOOK)


async def timed(times: list[float], work: Callable[[], Awaitable[Any]]) -> Any:
    began = time.perf_counter()
    made = await work()
    times.append(time.perf_counter() - began)
    return made


async def main(rounds: int) -> None:
    os.environ["OS_CLIENT_CONFIG_FILE"] = str(CLOUDS)
    with tempfile.TemporaryDirectory() as state:
        settings = InfrastructureSettings(driver="openstack", cloud="demo")
        cloud: Any = build("lab", settings, controller="bench", state_directory=Path(state))
    drivers = [plain_driver() for _ in ASSEMBLIES]
    things = (
        next(each for each in drivers[0].list_sizes() if each.name == SIZE),
        next(each for each in drivers[0].list_images() if each.name == IMAGE),
        drivers[0].ex_list_networks()[0],
    )
    figures: dict[str, list[float]] = {"adapter, first": [], "adapter, kept ports": [], "plain libcloud": [], "relaunch": []}
    generation = 0
    for turn in range(rounds):
        nodes = await timed(figures["plain libcloud"], lambda: plain(drivers, things))
        gone(drivers[0], nodes)
        for what in ("adapter, first", "adapter, kept ports"):
            generation += 1
            made = await timed(figures[what], lambda generation=generation: ours(cloud, generation))
            if what == "adapter, kept ports":
                generation += 1
                made.append(await timed(figures["relaunch"], lambda old=made[0], to=generation: replaced(cloud, old, to)))
            for each in made:
                await cloud.destroy(each)
            for each in made:
                await until(cloud, each, InstanceStatus.ABSENT)
        await cloud.delete_ports("bench")
        print(f"round {turn + 1}: " + ", ".join(f"{what} {times[-1]:.1f} s" for what, times in figures.items()))
    for what, times in figures.items():
        print(f"{what:20} median {statistics.median(times):5.2f} s of {', '.join(f'{each:.1f}' for each in times)}")
    cloud.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4))
