"""A cloud of its own for every test, of which no process is left, whatever happened in the test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.local import processes
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.settings import InfrastructureSettings
from cpe.shell.keyring import FileKeyring
from pcloud.model.instance import LaunchOrder
from pcloud.model.ports import Infrastructure
from tests.agents.nspawn import why_not
from tests.infrastructures import ec2_cloud as ec2
from tests.infrastructures.access import Access
from tests.infrastructures.contract import ORDER
from tests.infrastructures.ec2_cloud import EC2, ec2_cloud, emptied, moto_server
from tests.infrastructures.machine_cloud import machine_cloud
from tests.infrastructures.memory_cloud import MemoryCloud
from tests.infrastructures.openstack_cloud import IMAGE, OPENSTACK, SIZE, openstack_cloud

BOOTING = [pytest.mark.machine, pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"), pytest.mark.timeout(900)]
"""The first of them may have to build the image."""
MACHINE = pytest.param("machine", marks=BOOTING)


LAB = pytest.param("openstack", marks=OPENSTACK)
MOTO = pytest.param("ec2", marks=EC2)


@pytest.fixture
def cloud_directory(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "clouds" / "local"
    directory.mkdir(parents=True)
    yield directory
    machines = [place for place in directory.glob("nodes/*") if (place / "node.json").exists()]
    for place in machines:
        processes.kill_all(place)
    assert [pid for place in machines for pid in processes.members(place)] == []


@pytest.fixture
def driver(cloud_directory: Path) -> LocalNodeDriver:
    return LocalNodeDriver(cloud_directory)


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an EC2 for all tests of this process."""
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def ec2_url(moto: str) -> str:
    """That of one in which nothing is left of other tests."""
    emptied(moto)
    return moto


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path, FileKeyring(tmp_path / "keys", "test"))


@pytest.fixture(params=["in memory", "local", MACHINE, LAB, MOTO])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cloud(kind: str, cloud_directory: Path, request: pytest.FixtureRequest) -> Iterator[Infrastructure]:
    if kind == "in memory":
        yield MemoryCloud(slowness=0.01)
        return
    if kind == "machine":
        with machine_cloud(cloud_directory.parent / "lab") as machines:
            yield machines
        return
    if kind == "openstack":
        with openstack_cloud(cloud_directory) as servers:
            yield servers
        return
    if kind == "ec2":
        with ec2_cloud(request.getfixturevalue("ec2_url")) as instances:
            yield instances
        return
    infrastructure = build("local", InfrastructureSettings(), controller="here", state_directory=cloud_directory.parent.parent)
    assert isinstance(infrastructure, LibcloudInfrastructure)
    yield infrastructure
    infrastructure.close()


@pytest.fixture
def order(kind: str) -> LaunchOrder:
    names = {"openstack": (IMAGE, SIZE), "ec2": (ec2.IMAGE, ec2.SIZE)}.get(kind, (ORDER.image, ORDER.size))
    return replace(ORDER, image=names[0], size=names[1])


@pytest.fixture
def keeps_ports(kind: str) -> bool:
    """Whether an assembly has the same address from one generation to the next, which then no two can have at once."""
    return kind == "openstack"
