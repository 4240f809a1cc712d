"""What a cloud tells of somebody else's machines is no reason to hold ours; of ours it must make sense."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from libcloud.compute.base import Node, NodeDriver
from libcloud.compute.types import NodeState

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.local.dialect import LocalDialect
from cpe.shell.infrastructures.tags import instance_metadata
from pcloud.errors import AmbiguousError
from pcloud.model.instance import Tags

pytestmark = pytest.mark.real  # its calls have threads of their own


class OddDriver(NodeDriver):  # type: ignore[misc]
    """A driver whose cloud has one machine of ours, and another that tells no port."""

    def __init__(self, others: dict[str, str]) -> None:
        self._others = others

    def list_nodes(self) -> list[Node]:
        ours = {"metadata": instance_metadata(Tags("here", "shop", "web", 1)), "ssh_port": 22, "ssh_user": "x"}
        return [self._node("ours", ours), self._node("odd", {"metadata": self._others, "ssh_port": "none", "ssh_user": "x"})]

    def _node(self, name: str, extra: dict[str, Any]) -> Node:
        return Node(name, name, NodeState.RUNNING, ["127.1.2.3"], None, self, extra=extra)


@pytest.fixture
def cloud(request: pytest.FixtureRequest) -> Iterator[LibcloudInfrastructure]:
    made = LibcloudInfrastructure("lab", Calls("lab", lambda: OddDriver(request.param), threads=1), LocalDialect(), controller="here")
    yield made
    made.close()


OTHERS = {"untagged": {}, "another controller's": instance_metadata(Tags("elsewhere", "shop", "web", 4))}


@pytest.mark.parametrize("cloud", OTHERS.values(), ids=OTHERS, indirect=True)
async def test_an_odd_address_of_somebody_elses_machine_holds_nobody(cloud: LibcloudInfrastructure) -> None:
    assert [each.id for each in await cloud.find("shop", "web")] == ["ours"]


@pytest.mark.parametrize("cloud", [instance_metadata(Tags("here", "shop", "db", 2))], ids=["ours"], indirect=True)
async def test_an_odd_address_of_our_own_is_no_clear_answer(cloud: LibcloudInfrastructure) -> None:
    with pytest.raises(AmbiguousError):
        await cloud.find("shop", "web")
