"""A real lab in size ``fake``: up, a server through libcloud by an ordinary member, a quota that refuses."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from libcloud.common.exceptions import BaseHTTPError
from libcloud.compute.base import NodeState
from libcloud.compute.providers import get_driver

from openstack_lab.settings import HOME
from tests.openstack_lab.keeping import KEEPER, lab

PATIENCE = 300.0  # seconds, on a machine that has much else to do

pytestmark = [
    pytest.mark.openstack,
    pytest.mark.real,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore:.*"),  # libcloud's own
]


def until(looked: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (seen := looked()):
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.5)
    return seen


def driver(cloud: Path) -> Any:
    """As libcloud's users write it, from what clouds.yaml says."""
    auth = yaml.safe_load((HOME / "clouds.yaml").read_text())["clouds"][cloud]["auth"]
    base = auth["auth_url"].removesuffix("/v3")
    return get_driver("openstack")(
        auth["username"],
        auth["password"],
        ex_force_auth_url=base,
        ex_force_auth_version="3.x_password",
        ex_tenant_name=auth["project_name"],
        ex_force_service_region="RegionOne",
        api_version="2.2",
    )


@pytest.fixture
def said() -> str:
    """What ``up`` printed."""
    KEEPER.ensure()
    assert KEEPER.said, "a lab was up before these tests: make openstack-lab-down"
    return KEEPER.said


@pytest.fixture
def cloud() -> Path:
    return KEEPER.ensure()


def create(cloud: Any, name: str) -> Any:
    size = next(each for each in cloud.list_sizes() if each.name == "lab.small")
    image = next(each for each in cloud.list_images() if each.name == "blank")
    return cloud.create_node(name=name, size=size, image=image, networks=cloud.ex_list_networks()[:1])


def state(cloud: Any, node: Any) -> Any:
    return next((each.state for each in cloud.list_nodes() if each.id == node.id), None)


def test_a_lab_says_how_long_each_stage_took_and_how_it_is_reached(said: str) -> None:
    assert "stage  " in said
    assert f"{HOME}/clouds.yaml" in said
    assert (HOME / "clouds.yaml").stat().st_mode & 0o077 == 0


def test_an_ordinary_member_starts_a_server_with_a_volume_and_everything_goes_away_again(cloud: Path) -> None:
    demo = driver("demo")
    node, volume = create(demo, "first"), demo.create_volume(1, "first")
    try:
        until(lambda: state(demo, node) == NodeState.RUNNING, "an ACTIVE server")
        until(lambda: demo.ex_get_volume(volume.id).state == "available", "a volume")
        assert demo.attach_volume(node, volume, "/dev/vdb")
        until(lambda: demo.ex_get_volume(volume.id).state == "inuse", "an attached volume")
    finally:
        demo.destroy_node(node)
    until(lambda: state(demo, node) is None, "the server's end")
    until(lambda: demo.ex_get_volume(volume.id).state == "available", "a volume that is free again")
    assert demo.destroy_volume(demo.ex_get_volume(volume.id))


def test_the_project_with_a_small_quota_is_refused_its_second_server(cloud: Path) -> None:
    small = driver("small")
    node = create(small, "first")
    try:
        with pytest.raises(BaseHTTPError, match="Quota exceeded"):
            create(small, "second")
    finally:
        small.destroy_node(node)


def test_a_second_lab_is_refused_with_the_way_out(cloud: Path) -> None:
    again = lab("up", "full")
    assert again.returncode == 1
    assert "up already" in again.stderr
    assert "make openstack-lab-down" in again.stderr


def test_a_daemon_can_be_missing_for_a_while(cloud: Path) -> None:
    stopped = lab("stop", "nova-compute")
    assert "nova-compute: ended" in stopped.stdout
    assert lab("status").returncode == 1
    assert lab("start", "nova-compute").returncode == 0
    until(lambda: lab("status").returncode == 0, "a whole lab")
    assert lab("start", "nova-compute").returncode == 1
    unknown = lab("stop", "nova-computer")
    assert "there is no daemon nova-computer in this lab; there are " in unknown.stderr
