"""Mounting a volume in a machine: what the script of the user data does with real block devices."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from dpe.shell import mounting
from dpe.shell.userdata import user_data
from pcloud.model.plan import AssemblyPlan

ID = "0f4c2d6e-98a1-4f0b-9a51-3c1c7a5e9d10"
EBS = "vol-0f4c2d6e98a14f0b9"
ROOT = os.geteuid() == 0 and Path("/dev/loop-control").exists()
needs_devices = pytest.mark.skipif(not ROOT, reason="only root has block devices, and only where the kernel has loop devices")

INSIDE = """
set -e
mount -t tmpfs dev "$1/dev"
cp -a /dev/null /dev/zero /dev/loop* "$1/dev"
mkdir -p "$1/dev/disk/by-id"
ln -s "$2" "$1/dev/disk/by-id/$3"
mount --bind "$1/dev" /dev
mount --bind "$1/fstab" /etc/fstab
status=0
sh -c "$4" pcloud-mount "$5" "$1/data" "$6" || status=$?
if mountpoint -q "$1/data"; then cat "$1/data/kept" 2>/dev/null || true; echo written >"$1/data/kept"; fi
exit $status
"""
"""A machine with one volume, as far as the script sees it: $2 is the device, $3 its name; the script, the volume's id and letter."""


@pytest.fixture
def device(tmp_path: Path) -> Iterator[str]:
    """A blank volume of 16 MiB."""
    disk = tmp_path / "disk"
    disk.write_bytes(b"")
    os.truncate(disk, 16 << 20)
    found = subprocess.run(["losetup", "--find", "--show", disk], capture_output=True, text=True, check=True).stdout.strip()
    try:
        yield found
    finally:
        subprocess.run(["losetup", "--detach", found], check=True)


def mounted(directory: Path, device: str, name: str = f"virtio-{ID[:20]}", volume: str = ID) -> subprocess.CompletedProcess[str]:
    for place in ("dev", "data"):
        (directory / place).mkdir(exist_ok=True)
    (directory / "fstab").touch()
    ((_, _, script, _, volume, _, letter),) = mounting.boot_commands([(volume, "/data")])
    script = script.replace("-ge 60", "-ge 0")
    words = ["unshare", "--mount", "sh", "-c", INSIDE, "inside", directory, device, name, script, volume, letter]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.real
@needs_devices
@pytest.mark.parametrize(
    ("name", "volume"),
    [
        (f"virtio-{ID[:20]}", ID),
        (f"scsi-0QEMU_QEMU_HARDDISK_{ID}", ID),
        (f"nvme-Vendor_{ID.replace('-', '')}", ID),
        (f"nvme-Amazon_Elastic_Block_Store_{EBS.replace('-', '')}", EBS),
        ("../../xvdf", EBS),
    ],
)
def test_a_blank_volume_is_formatted_once_and_mounted_again_with_what_is_on_it(tmp_path: Path, device: str, name: str, volume: str) -> None:
    first = mounted(tmp_path, device, name, volume)
    assert (first.returncode, "is mounted at" in first.stdout, "written" in first.stdout) == (0, True, False), first.stderr
    again = mounted(tmp_path, device, name, volume)
    assert (again.returncode, "written" in again.stdout) == (0, True), again.stderr
    (line,) = (tmp_path / "fstab").read_text().splitlines()
    assert line.split()[1:3] == [str(tmp_path / "data"), "auto"]
    assert "nofail" in line


@pytest.mark.real
@needs_devices
def test_what_is_neither_blank_nor_a_file_system_is_left_alone(tmp_path: Path, device: str) -> None:
    Path(device).write_bytes(b"somebody's own bytes" * 100)
    before = (tmp_path / "disk").read_bytes()
    refused = mounted(tmp_path, device)
    assert refused.returncode == 1
    assert "is not formatted" in refused.stderr
    assert (tmp_path / "disk").read_bytes() == before


@pytest.mark.real
@needs_devices
def test_a_volume_that_is_not_there_is_told(tmp_path: Path, device: str) -> None:
    for name, volume in (("virtio-another", ID), ("../../xvdf", ID), ("../../xvdg", EBS)):
        missing = mounted(tmp_path, device, name, volume)
        assert (missing.returncode, "has no device" in missing.stderr) == (1, True)


def document(*volumes: tuple[str, str]) -> tuple[dict[str, object], str]:
    """The cloud-config and the script of a machine's user data."""
    plan = AssemblyPlan(name="db", infrastructure="lab", provision="#!/bin/sh\necho begun\n")
    keys = {"authorized_key": "ssh-ed25519 A", "host_private": "private", "host_public": "public"}
    whole = message_from_bytes(user_data(assembly=plan, user="pcloud", environment={}, volumes=volumes, **keys))
    config, script = [part.get_payload(decode=True) for part in whole.walk() if not part.is_multipart()]
    assert isinstance(config, bytes)
    assert isinstance(script, bytes)
    return json.loads(config.partition(b"\n")[2]), script.decode()


def test_only_a_machine_with_volumes_has_anything_to_mount() -> None:
    assert "bootcmd" not in document()[0]
    (command,) = document((ID, "/data"))[0]["bootcmd"]  # type: ignore[misc, unused-ignore]
    assert command[-3:] == [ID, "/data", "f"]


@pytest.mark.real
def test_nothing_is_provisioned_where_a_volume_is_missing(tmp_path: Path) -> None:
    place = tmp_path / "no volume"
    place.mkdir()
    state = tmp_path / "state"
    state.mkdir()
    script = document((ID, str(place)))[1].replace("/var/lib/pcloud", str(state)).replace("state=${PCLOUD_ROOT:-}", "state=")
    provision = state / "provision"
    provision.write_text("#!/bin/sh\necho begun\n")
    provision.chmod(0o700)
    (state / "environment").touch()
    subprocess.run(["sh", "-c", script], check=True, timeout=60, env={"PATH": os.environ["PATH"]})
    assert (state / "provisioned").read_text() == "1\n"
    assert (state / "provision.log").read_text() == f"no volume is mounted at {place}: nothing is begun beside its data\n"
