"""Whatever a cloud answers: nodes with odd names, states, addresses and tags, and the embedded cloud's own records damaged on the disk.

Oracle: InfrastructureError alone; what is not tagged as ours in every word is nobody's; what is ours is read whole.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from libcloud.compute.base import Node, NodeDriver
from libcloud.compute.types import NodeState

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.local.dialect import LocalDialect
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.tags import instance_metadata, volume_metadata
from pcloud.errors import InfrastructureError
from pcloud.model.instance import InstanceReading, Tags, VolumeTags
from pcloud.model.words import InstanceStatus
from tests.fuzz.bounds import Bounds
from tests.fuzz.feeding import Feed, altered, as_json
from tests.fuzz.loops import in_loop
from tests.fuzz.target import Target

OURS = instance_metadata(Tags("here", "shop", "web", 3))
NODES = [
    {
        "id": f"i{number}",
        "name": "web",
        "state": "running",
        "ips": ["127.1.2.3"],
        "extra": {"metadata": tags, "ssh_port": 22, "ssh_user": "x"},
    }
    for number, tags in enumerate((OURS, OURS | {"pcloud-generation": "2"}, OURS | {"pcloud-controller": "other"}, {}))
]
MACHINE = {
    "id": "m1",
    "name": "web",
    "image": "host",
    "size": "host",
    "address": "127.1.2.3",
    "port": 2222,
    "user": "root",
    "created": 1.0,
    "metadata": OURS,
    "task": "",
}
VOLUME = {
    "id": "v1",
    "name": "data",
    "size": 1,
    "created": 1.0,
    "machine": "",
    "mount": "",
    "metadata": volume_metadata(VolumeTags("here", "shop", "web", "data")),
}


class OddDriver(NodeDriver):  # type: ignore[misc]
    """Answers with nodes that somebody has made."""

    def __init__(self, nodes: Any) -> None:
        self._nodes = nodes

    def list_nodes(self) -> list[Node]:
        return [self._node(each) for each in self._nodes if isinstance(each, dict)]

    def ex_get_node(self, node_id: str) -> Node:
        return next(iter(self.list_nodes()), Node("none", "none", NodeState.UNKNOWN, [], [], self))

    def list_volumes(self) -> list[Node]:
        return self.list_nodes()

    def create_volume(self, size: int, name: str, *, ex_metadata: object) -> Node:
        return self.ex_get_node(name)

    def ex_get_console_output(self, node: Node) -> dict[str, str]:
        return {"output": str(node.extra)}

    def _node(self, told: dict[str, Any]) -> Node:
        state = told.get("state")
        known = NodeState(state) if state in set(NodeState) else NodeState.UNKNOWN
        return Node(told.get("id"), told.get("name"), known, told.get("ips"), None, self, extra=told.get("extra"))


def run(data: bytes) -> None:
    feed = Feed(data)
    if feed.below(2):
        with tempfile.TemporaryDirectory() as place:
            directory = Path(place)
            LocalNodeDriver(directory)
            for kind, file, record in (("nodes", "node.json", MACHINE), ("volumes", "volume.json", VOLUME)):
                home = directory / kind / record["id"]
                home.mkdir(parents=True)
                (home / file).write_text(as_json(record, feed), encoding="utf-8", errors="surrogatepass")
            in_loop(_ask, lambda: LocalNodeDriver(directory))
    else:
        nodes = altered(NODES, feed)
        in_loop(_ask, lambda: OddDriver(nodes if isinstance(nodes, list) else []))


async def _ask(make_driver: Callable[[], Any]) -> None:
    await asked(LibcloudInfrastructure("lab", Calls("lab", make_driver, threads=1), LocalDialect(), controller="here"))


async def asked(cloud: LibcloudInfrastructure) -> None:
    """Everything is asked of it; it is closed then."""
    try:
        for reading in await _answered(cloud.find("shop", "web")) or ():
            _check(reading)
            assert reading.tags is not None
            assert (reading.tags.controller, reading.tags.deployable, reading.tags.assembly) == ("here", "shop", "web")
        one = await _answered(cloud.read("m1"))
        if one is not None:
            _check(one)
        await _answered(cloud.count())
        await _answered(cloud.volume("shop", "web", "other", 1))
        await _answered(cloud.console("m1"))
    finally:
        cloud.close()


async def _answered(question: Awaitable[Any]) -> Any:
    with suppress(InfrastructureError):
        return await question
    return None


def _check(reading: InstanceReading) -> None:
    assert isinstance(reading.status, InstanceStatus)
    assert all(isinstance(each, str) for each in (reading.id, reading.address, reading.user, reading.name))
    assert type(reading.port) is int
    assert 0 < reading.port < 65536
    assert reading.tags is None or 0 < reading.tags.generation < 10**9
    json.dumps([reading.id, reading.address, reading.name]).encode()


CLOUDS = Target("clouds", run, seeds=(b"", b"\0\1\1\1\1", b"\1\2\1\1"), bounds=Bounds(calls=1_000_000))
