"""libcloud's OpenStack driver with one login for all services, and what libcloud lacks, over its own connections.

Rules: raises what libcloud's driver raises; everything here is one question or order to one service, what they come to together is the
dialect's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from libcloud.compute.base import Node, StorageVolume
from libcloud.compute.drivers.openstack import OpenStack_2_NodeDriver
from libcloud.compute.types import NodeState

from cpe.shell.infrastructures.openstack.connections import ServiceConnection
from cpe.shell.infrastructures.openstack.identity import COMPUTE, IMAGE, NETWORK, VOLUME, Identity, Token

Words = Mapping[str, Any]

PAGE = 500
"""Servers or volumes in one answer: decoding 10,000 at once would hold the interpreter for 170 ms."""

STATES = {
    **OpenStack_2_NodeDriver.NODE_STATE_MAP,
    "PAUSED": NodeState.PAUSED,
    "MIGRATING": NodeState.MIGRATING,
    "RESCUE": NodeState.UNKNOWN,  # libcloud's PENDING would mean that it is still being built
    "PASSWORD": NodeState.RUNNING,
    "VERIFY_RESIZE": NodeState.RECONFIGURING,  # it runs, and waits for somebody's word
    "REVERT_RESIZE": NodeState.RECONFIGURING,
    "SOFT_DELETED": NodeState.TERMINATED,
    "SHELVED": NodeState.UNKNOWN,  # somebody has put it away
    "SHELVED_OFFLOADED": NodeState.UNKNOWN,
}


class OpenStackDriver(OpenStack_2_NodeDriver):  # type: ignore[misc]  # libcloud's types are not followed, see pyproject.toml
    """For one thread; ``identity`` is shared."""

    NODE_STATE_MAP = STATES

    def __new__(cls, identity: Identity) -> OpenStackDriver:  # noqa: ARG004 - libcloud's own would choose a class by it
        return object.__new__(cls)

    def __init__(self, identity: Identity) -> None:
        # libcloud's own __init__ logs in anew for each of six services.
        self.key, self.secret, self.region = "", None, ""
        self.connection = self._connected(identity, COMPUTE)
        self.image_connection = self._connected(identity, IMAGE)
        self.network_connection = self._connected(identity, NETWORK)
        self.volume_connection = self.volumev3_connection = self._connected(identity, VOLUME)

    def _connected(self, identity: Identity, service: Any) -> ServiceConnection:
        connection = ServiceConnection(identity, service)
        connection.driver = self
        return connection

    @property
    def login(self) -> Token:
        """Who we are here."""
        return self.connection.token

    def list_nodes(self, ex_all_tenants: bool = False) -> list[Node]:  # noqa: ARG002 - libcloud's own
        return [self._to_node(each) for each in self._pages(self.connection, "/servers/detail", "servers")]

    def list_volumes(self) -> list[StorageVolume]:
        return [self._to_volume(each) for each in self._pages(self.volume_connection, "/volumes/detail", "volumes")]

    def compute(self, path: str, method: str = "GET", data: Any = "", *, version: str = "", params: Words | None = None) -> Any:
        """Nova's answer, decoded; ``version`` is the microversion that the question needs."""
        headers = {"OpenStack-API-Version": f"compute {version}"} if version else {}
        return self.connection.request(path, method=method, data=data, params=params, headers=headers).object

    def act(self, node: Node, action: str, **words: Any) -> str:
        """Have a server do something; returns the request's id, under which Nova records it."""
        answer = self.connection.request(f"/servers/{node.id}/action", method="POST", data={action: words or None})
        return str(answer.headers.get("x-compute-request-id") or answer.headers.get("x-openstack-request-id") or "")

    def ex_get_node(self, node_id: str) -> Node:
        """One server; raises the 404 where there is none, other than libcloud's own."""
        return self._to_node_from_obj(self.connection.request(f"/servers/{node_id}").object)

    def actions(self, node_id: str, *, version: str = "") -> list[dict[str, Any]]:
        """What was asked of a server and by whom, the newest first. Also of one that is gone, with the version 2.21."""
        found: list[dict[str, Any]] = self.compute(f"/servers/{node_id}/os-instance-actions", version=version)["instanceActions"]
        return found

    def network(self, path: str, method: str = "GET", data: Any = "", *, params: Words | None = None) -> Any:
        """Neutron's answer, decoded."""
        return self.network_connection.request(f"/v2.0{path}", method=method, data=data, params=params).object

    def volume(self, path: str, method: str = "GET", data: Any = "") -> Any:
        """Cinder's answer, decoded."""
        return self.volume_connection.request(path, method=method, data=data).object

    def create_tagged_volume(self, words: Words) -> StorageVolume:
        """What ``create_volume`` cannot pass: metadata."""
        return self._to_volume(self.volume("/volumes", "POST", {"volume": words}))

    def create_server(self, server: Words, hints: Words) -> Node:
        """What ``create_node`` cannot pass: ports, and the scheduler's hints."""
        data = {"server": server, **({"os:scheduler_hints": hints} if hints else {})}
        made = self.compute("/servers", "POST", data)["server"]
        extra = {"metadata": dict(server["metadata"]), "addresses": {}}
        return Node(made["id"], server["name"], NodeState.PENDING, [], [], self, extra=extra)

    @staticmethod
    def _pages(connection: ServiceConnection, path: str, what: str) -> Iterator[dict[str, Any]]:
        marker: dict[str, str] = {}
        while True:
            body = connection.request(path, params={"limit": PAGE, **marker}).object
            yield from body[what]
            if not body[what] or not any(link.get("rel") == "next" for link in body.get(f"{what}_links", ())):
                return
            marker = {"marker": body[what][-1]["id"]}
