"""Images that are really built: a tree, which boots as a machine, and a disk with all that a cloud needs of it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from cpe.shell.infrastructures.machine.driver import MachineNodeDriver
from cpe.shell.infrastructures.machine.network import Network
from cpe.shell.keyring import FileKeyring
from pcloud.images.record import image_file, load
from tests.agents.nspawn import CACHE, why_not
from tests.cli.conftest import Pcloud, alone
from tests.infrastructures.access import Access
from tests.infrastructures.machines import create

__all__ = ["alone"]  # a fixture

pytestmark = [
    pytest.mark.image,
    pytest.mark.machine,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
    pytest.mark.timeout(3600),
]

STORE = CACHE / "images"
BAKE = "#!/bin/sh\nset -eu\ncommand -v busybox\necho baked >/etc/baked\n"
BRIDGE = "pctimg0"
QUICK = 30.0
"""Seconds within which an image that is there already must be told, however busy the machine is: a build takes minutes."""


@pytest.fixture
def pcloud(alone: Pcloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pcloud:
    STORE.parent.mkdir(exist_ok=True)
    monkeypatch.setenv("PCLOUD_IMAGES", str(STORE))
    (tmp_path / "bake.sh").write_text(BAKE)
    return alone


def build(pcloud: Pcloud, name: str, *options: str) -> Path:
    """The image, which is kept for the next time; one that an older setup made is built anew."""
    words = ("image", "build", name, "--include", "busybox", "--provision", "bake.sh", *options)
    ended = pcloud(*words)
    if "made of other inputs" in ended.err:
        ended = pcloud(*words, "--replace")
    assert ended.code == 0, ended.err
    again = time.monotonic()
    assert "is there already" in pcloud(*words).out
    assert time.monotonic() - again < QUICK
    assert pcloud("image", "build", name).code == 4, "of other inputs"
    return STORE / name


@pytest.fixture
def driver(pcloud: Pcloud, tmp_path: Path) -> Iterator[MachineNodeDriver]:
    """A cloud of containers of the tree that was built."""
    tree = build(pcloud, "tree", "--format", "tree") / "root"
    one = MachineNodeDriver(tmp_path / "clouds", {"tree": tree}, Network(BRIDGE, IPv4Network("10.213.77.0/24")))
    try:
        yield one
    finally:
        for node in one.list_nodes():
            one.destroy_node(node)
        assert not Path("/sys/class/net", BRIDGE).exists()


def test_a_tree_boots_as_a_machine_with_its_own_host_key_and_what_was_baked_in(driver: MachineNodeDriver, tmp_path: Path) -> None:
    access = Access(tmp_path, FileKeyring(tmp_path / "keys", "test"))
    node = create(driver, access.user_data())
    assert access.run(node, "cat", "/etc/baked").stdout == "baked\n"
    assert access.run(node, "systemctl", "is-active", "ssh").stdout == "active\n"
    assert access.run(node, "systemctl is-system-running --wait; systemctl --failed --no-legend").stdout == "running\n"
    assert "disabled" in access.run(node, "cloud-init", "status").stdout, "it would throw the host key away"
    for absent in ("/root/pcloud-setup", "/root/pcloud-provision", "/var/cache/apt/pkgcache.bin", "/boot/vmlinuz"):
        assert access.run(node, "test", "-e", absent).returncode == 1


def test_a_disk_is_sound_and_its_record_says_all_that_a_cloud_needs(pcloud: Pcloud, tmp_path: Path) -> None:
    place = build(pcloud, "disk")
    record = load(place)
    assert record.disk is not None
    assert record.kernel == image_file(place / "vmlinuz")
    assert record.ramdisk == image_file(place / "initrd.img")
    assert record.disk == image_file(place / "disk.qcow2", record.disk.virtual_size)
    assert record.command_line.startswith("root=/dev/vda rw")
    assert sorted(os.listdir(place)) == ["build.log", "disk.qcow2", "image.json", "initrd.img", "vmlinuz"]  # noqa: PTH208 - names
    [listed] = [each for each in json.loads(pcloud("image", "list", "--json").out) if each["name"] == "disk"]
    assert (listed["disk"]["sha256"], listed["include"]) == (record.disk.sha256, ["busybox"])
    raw = tmp_path / "disk.raw"
    subprocess.run(("qemu-img", "convert", "-O", "raw", place / "disk.qcow2", raw), check=True, timeout=600)
    assert raw.stat().st_size == record.disk.virtual_size
    assert subprocess.run(("/sbin/e2fsck", "-f", "-n", raw), check=False, timeout=600, capture_output=True).returncode == 0
    features = subprocess.run(("/sbin/dumpe2fs", "-h", raw), check=True, timeout=60, capture_output=True, text=True).stdout
    assert "has_journal" in features

    def of_the_disk(path: str) -> str:
        words = ("/sbin/debugfs", "-R", f"cat {path}", raw)
        return subprocess.run(words, check=True, timeout=60, capture_output=True, text=True).stdout

    assert of_the_disk("/etc/baked") == "baked\n"
    assert of_the_disk("/etc/machine-id") == ""
    assert "ExecStartPost=-/bin/sync" in of_the_disk("/etc/systemd/system/cloud-final.service.d/sync.conf")
    assert "datasource_list: [ConfigDrive, OpenStack, NoCloud]" in of_the_disk("/etc/cloud/cloud.cfg.d/90-pcloud.cfg")
