"""A real lab in size ``fake``: up, a server through libcloud by an ordinary member, a quota that refuses, down without a trace."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from libcloud.common.exceptions import BaseHTTPError
from libcloud.compute.base import NodeState
from libcloud.compute.providers import get_driver

from openstack_lab import room
from openstack_lab.settings import HOME
from tests.openstack_lab.keeping import KEEPER, PROGRAM, lab

__all__ = ["PROGRAM", "lab"]

PATIENCE = 300.0  # seconds, on a machine that has much else to do
POLICY = Path("/usr/sbin/policy-rc.d")

pytestmark = [
    pytest.mark.openstack,
    pytest.mark.real,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore:.*"),  # libcloud's own
]


def traces() -> dict[str, object]:
    """What a lab could leave on this machine, and nothing that somebody else might change meanwhile."""
    etc = {str(path): digest(path) for path in sorted(Path("/etc").rglob("*")) if path.is_file() and not path.is_symlink()}
    interfaces = sorted(name for _, name in socket.if_nameindex() if name.startswith(("pclab", "brq", "tap")))
    mounts = [line for line in Path("/proc/self/mounts").read_text().splitlines() if "openstack-lab" in line]
    shared = sorted(path.name for place in ("/run", "/dev/shm", "/var/tmp") for path in Path(place).glob("*openstack-lab*"))
    policy = digest(POLICY) if POLICY.exists() else None
    return {"etc": etc, "interfaces": interfaces, "mounts": mounts, "processes": mentioned(), "shared": shared, "policy": policy}


def digest(path: Path) -> str:
    return f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"


def mentioned() -> list[str]:
    """Processes in the room, or that name the lab's directory."""
    found = [str(pid) for pid in room.pids(HOME)]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            found += [words.decode(errors="replace")] if str(HOME).encode() in words else []
    return found


def until(looked: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (seen := looked()):
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.5)
    return seen


def driver(cloud: str) -> Any:
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


@pytest.fixture(scope="module")
def before() -> dict[str, object]:
    KEEPER.down()
    assert not (HOME / "lab.json").exists(), "a lab is up on this machine: make openstack-lab-down"
    return traces()


def gone_without_a_trace(before: dict[str, object]) -> None:
    down = lab("down")
    assert down.returncode == 0, down.stderr
    assert traces() == before
    assert [path.name for path in HOME.iterdir()] == ["cache"]
    again = lab("down")
    assert again.returncode == 0, again.stderr


@pytest.fixture(scope="module")
def cloud(before: dict[str, object]) -> Iterator[str]:
    """What ``up`` printed. At the end the lab is taken down, and nothing of it may be left."""
    brought_up = lab("up", "fake")
    try:
        assert brought_up.returncode == 0, brought_up.stdout + brought_up.stderr
        yield brought_up.stdout
    finally:
        gone_without_a_trace(before)


def create(cloud: Any, name: str) -> Any:
    size = next(each for each in cloud.list_sizes() if each.name == "lab.small")
    image = next(each for each in cloud.list_images() if each.name == "blank")
    return cloud.create_node(name=name, size=size, image=image, networks=cloud.ex_list_networks()[:1])


def state(cloud: Any, node: Any) -> Any:
    return next((each.state for each in cloud.list_nodes() if each.id == node.id), None)


def test_a_lab_says_how_long_each_stage_took_and_how_it_is_reached(cloud: str) -> None:
    assert "stage  " in cloud
    assert f"{HOME}/clouds.yaml" in cloud
    assert (HOME / "clouds.yaml").stat().st_mode & 0o077 == 0


def test_an_ordinary_member_starts_a_server_with_a_volume_and_everything_goes_away_again(cloud: str) -> None:
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


def test_the_project_with_a_small_quota_is_refused_its_second_server(cloud: str) -> None:
    small = driver("small")
    node = create(small, "first")
    try:
        with pytest.raises(BaseHTTPError, match="Quota exceeded"):
            create(small, "second")
    finally:
        small.destroy_node(node)


def test_a_second_lab_is_refused_with_the_way_out(cloud: str) -> None:
    again = lab("up", "full")
    assert again.returncode == 1
    assert "up already" in again.stderr
    assert "make openstack-lab-down" in again.stderr


def test_a_daemon_can_be_missing_for_a_while(cloud: str) -> None:
    stopped = lab("stop", "nova-compute")
    assert "nova-compute: ended" in stopped.stdout
    assert lab("status").returncode == 1
    assert lab("start", "nova-compute").returncode == 0
    until(lambda: lab("status").returncode == 0, "a whole lab")
    assert lab("start", "nova-compute").returncode == 1
    unknown = lab("stop", "nova-computer")
    assert "there is no daemon nova-computer in this lab; there are " in unknown.stderr
