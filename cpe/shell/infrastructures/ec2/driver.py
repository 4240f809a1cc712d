"""libcloud's EC2 driver with what it lacks, over connections of our own.

Rules: raises what libcloud's driver raises; everything here is one question or order, what they come to together is the dialect's business.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from libcloud.common.types import MalformedResponseError
from libcloud.compute.base import Node, NodeImage, NodeSize, StorageVolume
from libcloud.compute.drivers.ec2 import NAMESPACE, EC2NodeDriver
from libcloud.compute.types import NodeState
from libcloud.utils.iso8601 import ParseError
from libcloud.utils.xml import findall, findtext

from cpe.shell.infrastructures.belongings import SENSELESS
from cpe.shell.infrastructures.ec2.account import Account, Place
from cpe.shell.infrastructures.ec2.connections import SOCKET_TIMEOUT, Connection

T = TypeVar("T")
Words = Mapping[str, str]

ATTACH = "pcloud-attach"
"""The tag of an instance whose volumes are not attached yet: their ids, of which each is attached once it runs."""

THERE = ("pending", "running", "shutting-down", "stopping", "stopped")
"""States of what is there: EC2 goes on listing for an hour what was terminated."""

PAGE = 500
"""Instances or volumes in one answer, as many as EC2 gives of each."""

STATES = {**EC2NodeDriver.NODE_STATE_MAP, "stopping": NodeState.STOPPING, "shutting-down": NodeState.STOPPING}


class EC2Driver(EC2NodeDriver):  # type: ignore[misc]  # libcloud's types are not followed, see pyproject.toml
    """For one thread; ``account`` is shared. ``owners`` are those whose images are listed."""

    connectionCls = Connection  # noqa: N815 - libcloud's own name
    NODE_STATE_MAP = STATES
    signature_version = "4"

    def __init__(self, account: Account, place: Place, owners: Sequence[str] = ("self",)) -> None:
        # libcloud's own __init__ knows the regions of its own year only.
        self.account, self.owners = account, owners
        self.region_name, self.path, self.token = place.region, place.path, None
        login = {"key": "", "secret": "", "secure": place.secure, "host": place.host, "port": place.port}
        super(EC2NodeDriver, self).__init__(**login, timeout=SOCKET_TIMEOUT)

    def ask(self, action: str, params: Words | None = None) -> Any:
        """The answer's root element."""
        return self.connection.request(self.path, params={"Action": action, **(params or {})}).object

    def pages(self, action: str, path: str, params: Words, page: int = PAGE) -> Iterator[Any]:
        """All elements at ``path``, answer after answer."""
        more = {"MaxResults": str(page)}
        while True:
            answer = self.ask(action, {**params, **more})
            yield from findall(element=answer, xpath=path, namespace=NAMESPACE)
            token = findtext(element=answer, xpath="nextToken", namespace=NAMESPACE)
            if not token:
                return
            more = {"MaxResults": str(page), "NextToken": token}

    def list_nodes(self, ex_node_ids: object = None, ex_filters: Mapping[str, Any] | None = None) -> list[Node]:  # noqa: ARG002 - libcloud's
        found = filters({"instance-state-name": THERE, **(ex_filters or {})})
        return [self._to_node(each) for each in self.pages("DescribeInstances", "reservationSet/item/instancesSet/item", found)]

    def ex_get_node(self, node_id: str) -> Node:
        """One instance, also one that was terminated; raises the 404 where there is none."""
        answer = self.ask("DescribeInstances", {"InstanceId.1": node_id})
        return self._to_node(_only(answer, "reservationSet/item/instancesSet/item", node_id))

    def run(self, params: Words) -> Node:
        """One instance of what ``params`` say."""
        answer = self.ask("RunInstances", {**params, "MinCount": "1", "MaxCount": "1"})
        return self._to_node(_only(answer, "instancesSet/item", "the instance"))

    def halt(self, node: Node, *, force: bool = False) -> None:
        """Stop an instance; by ``force`` without asking its system."""
        self.ask("StopInstances", {"InstanceId.1": node.id, **({"Force": "true"} if force else {})})

    def list_images(self, location: object = None, **asked: Any) -> list[NodeImage]:  # noqa: ARG002 - libcloud's own
        """Those of the owners that were named: of all there are a hundred thousand."""
        owners = {f"Owner.{number}": owner for number, owner in enumerate(self.owners, 1)}
        found = self.ask("DescribeImages", {**owners, **filters({"state": ["available"], **asked})})
        return [self._to_image(each) for each in findall(element=found, xpath="imagesSet/item", namespace=NAMESPACE)]

    def image(self, image_id: str) -> list[NodeImage]:
        """The image of an id, whosever it is; raises the 404 where there is none."""
        found = self.ask("DescribeImages", {"ImageId.1": image_id})
        return [self._to_image(each) for each in findall(element=found, xpath="imagesSet/item", namespace=NAMESPACE)]

    def list_sizes(self, location: object = None, **asked: Any) -> list[NodeSize]:  # noqa: ARG002 - libcloud's own
        """The names of those that the region has; libcloud's own list is of its own year."""
        found = self.pages("DescribeInstanceTypeOfferings", "instanceTypeOfferingSet/item", filters(asked))
        names = sorted({findtext(element=each, xpath="instanceType", namespace=NAMESPACE) or "" for each in found})
        return [NodeSize(id=name, name=name, ram=0, disk=0, bandwidth=None, price=None, driver=self) for name in names]

    def list_volumes(self, node: object = None, ex_filters: Mapping[str, Any] | None = None) -> list[StorageVolume]:  # noqa: ARG002
        return [self._to_volume(each) for each in self.pages("DescribeVolumes", "volumeSet/item", filters(ex_filters or {}))]

    def ex_get_volume(self, volume_id: str) -> StorageVolume:
        """One volume; raises the 404 where there is none."""
        answer = self.ask("DescribeVolumes", {"VolumeId.1": volume_id})
        return self._to_volume(_only(answer, "volumeSet/item", volume_id))

    def detach_volume(self, volume: StorageVolume, ex_force: bool = False) -> bool:  # noqa: ARG002 - libcloud's own
        """With the instance's id, which EC2 does without and others do not."""
        self.ask("DetachVolume", {"VolumeId": volume.id, "InstanceId": volume.extra["instance_id"]})
        return True

    def create_tagged_volume(self, params: Words, metadata: Words) -> StorageVolume:
        """What ``create_volume`` cannot do: tags that are there from the beginning."""
        return self._to_volume(self.ask("CreateVolume", {**params, **tagged("volume", metadata)}))

    def put_tags(self, thing: str, metadata: Mapping[str, str | None]) -> None:
        """Put these on, and take off those that are None."""
        put = [(key, value) for key, value in metadata.items() if value is not None]
        off = [key for key, value in metadata.items() if value is None]
        if put:
            params = {f"Tag.{n}.{word}": text for n, pair in enumerate(put, 1) for word, text in zip(("Key", "Value"), pair, strict=True)}
            self.ask("CreateTags", {"ResourceId.1": thing, **params})
        if off:
            self.ask("DeleteTags", {"ResourceId.1": thing, **{f"Tag.{number}.Key": key for number, key in enumerate(off, 1)}})

    def console(self, node: Node) -> str:
        """What its console said, "" where nothing was kept of it."""
        said = findtext(element=self.ask("GetConsoleOutput", {"InstanceId": node.id}), xpath="output", namespace=NAMESPACE)
        return _sensible(lambda: base64.b64decode(said or "")).decode(errors="replace")

    def _to_node(self, element: Any) -> Node:
        node = _sensible(lambda: super(EC2Driver, self)._to_node(element))
        for key, path in (("state_code", "stateReason/code"), ("state_message", "stateReason/message")):
            node.extra[key] = findtext(element=element, xpath=path, namespace=NAMESPACE) or ""
        if node.state == NodeState.RUNNING and ATTACH in node.extra["tags"]:
            node.state = NodeState.STARTING  # it is not finished
        return node

    def _to_volume(self, element: Any, name: str | None = None) -> StorageVolume:
        return _sensible(lambda: super(EC2Driver, self)._to_volume(element, name))

    def _to_image(self, element: Any) -> NodeImage:
        image = _sensible(lambda: super(EC2Driver, self)._to_image(element))
        image.name = image.name or image.id
        return image


def _only(answer: Any, path: str, what: str) -> Any:
    """The first element there; MalformedResponseError where there is none."""
    found = findall(element=answer, xpath=path, namespace=NAMESPACE)
    if not found:
        raise MalformedResponseError(f"an answer about {what} does not speak of it", "")
    return found[0]


def _sensible(read: Callable[[], T]) -> T:
    """What ``read`` makes of an answer; MalformedResponseError where that lacks something, or has something else in its place."""
    try:
        return read()
    except (*SENSELESS, ParseError) as error:
        raise MalformedResponseError(f"an answer makes no sense: {error}", "") from error


def filters(wanted: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """As the API takes them."""
    params = {}
    for number, (name, values) in enumerate(wanted.items(), 1):
        params[f"Filter.{number}.Name"] = name
        params.update({f"Filter.{number}.Value.{place}": value for place, value in enumerate(values, 1)})
    return params


def tagged(what: str, metadata: Words) -> dict[str, str]:
    """The parameters that give a new thing its tags."""
    params = {"TagSpecification.1.ResourceType": what}
    for number, (key, value) in enumerate(metadata.items(), 1):
        params.update({f"TagSpecification.1.Tag.{number}.Key": key, f"TagSpecification.1.Tag.{number}.Value": value})
    return params
