"""A real lab in size ``full``: one guest that boots under QEMU and lets its user in, with a volume that it can see."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from libcloud.compute.base import NodeState

from tests.openstack_lab.keeping import KEEPER
from tests.openstack_lab.test_real_lab import driver, state, until

pytestmark = [
    pytest.mark.openstack_full,
    pytest.mark.real,
    pytest.mark.timeout(3000),
    pytest.mark.filterwarnings("ignore:.*"),  # libcloud's own
]


@pytest.fixture
def cloud() -> Any:
    KEEPER.ensure("full")
    return driver("demo")


def ssh(address: str, key: Path, command: str) -> subprocess.CompletedProcess[str]:
    options = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=5", "LogLevel=ERROR")
    flags = [word for option in options for word in ("-o", option)]
    return subprocess.run(
        ["ssh", "-i", key, *flags, f"debian@{address}", command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_a_guest_boots_to_ssh_and_sees_its_volume(cloud: Any, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True, timeout=60)
    cloud.import_key_pair_from_string("guest", key.with_suffix(".pub").read_text())
    size = next(each for each in cloud.list_sizes() if each.name == "lab.small")
    image = next(each for each in cloud.list_images() if each.name == "debian")
    node = cloud.create_node(
        name="guest", size=size, image=image, networks=cloud.ex_list_networks()[:1], ex_keyname="guest", ex_config_drive=True
    )
    volume = cloud.create_volume(1, "data")
    try:
        until(lambda: state(cloud, node) == NodeState.RUNNING, "an ACTIVE server")
        address = next(each for each in cloud.list_nodes() if each.id == node.id).private_ips[0]
        until(lambda: ssh(address, key, "true").returncode == 0, "a login")
        assert ssh(address, key, "hostname").stdout == "guest\n"
        until(lambda: cloud.ex_get_volume(volume.id).state == "available", "a volume")
        assert cloud.attach_volume(node, volume, "/dev/vdb")
        until(lambda: ssh(address, key, "test -b /dev/vdb").returncode == 0, "the volume in the guest")
        assert ssh(address, key, "cat /sys/block/vdb/size").stdout == f"{1024**3 // 512}\n"
    finally:
        cloud.destroy_node(node)
    until(lambda: state(cloud, node) is None, "the server's end")
    until(lambda: cloud.ex_get_volume(volume.id).state == "available", "a volume that is free again")
