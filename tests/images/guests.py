"""A guest of an image: QEMU, by software alone, with the config drive that OpenStack would give it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pcloud.images.record import load
from tests.infrastructures.access import Access

TOOLS = ("qemu-system-x86_64", "qemu-img", "genisoimage")
BOOT = 1500.0
"""Seconds to a login: half a minute is usual under emulation, and twenty times that on a machine that does much else."""
LOOK = 2.0
USER = "pcloud"

NETWORK = {
    "links": [{"id": "nic", "type": "phy", "ethernet_mac_address": "52:54:00:12:34:56", "mtu": 1500}],
    "networks": [
        {
            "id": "net",
            "link": "nic",
            "type": "ipv4",
            "ip_address": "10.0.2.15",
            "netmask": "255.255.255.0",
            "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "10.0.2.2"}],
        }
    ],
    "services": [],
}
"""QEMU's own user network, which reaches nothing but a port of this machine's loopback address."""


def why_not() -> str:
    """Why no guest can be booted here; empty if one can."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"missing here: {', '.join(missing)}" if missing else ""


@dataclass(frozen=True, slots=True)
class Guest:
    """One that runs; ``place`` is where its files are."""

    place: Path
    port: int
    access: Access

    def console(self) -> str:
        return (self.place / "console").read_text(errors="replace")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Log in with the host key that it was given, as soon as that is possible, and run it."""
        known = self.place / "known_hosts"
        known.write_text(f"[127.0.0.1]:{self.port} {self.access.keyring.host_pair('shop', 'web', 1)[1]}\n")
        options = ("BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={known}", "IdentitiesOnly=yes", "ConnectTimeout=60")
        flags = [word for option in options for word in ("-o", option)]
        key = self.access.keyring.client_path("shop")
        words = ["ssh", "-F", "none", "-i", key, *flags, "-p", str(self.port), f"{USER}@127.0.0.1", command]
        deadline = time.monotonic() + BOOT
        while True:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode != 255:
                return done
            assert time.monotonic() < deadline, done.stderr + self.console()[-3000:]
            time.sleep(LOOK)

    def power_cut(self) -> None:
        """Off and on, whatever it is doing."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(60)
            monitor.connect(str(self.place / "monitor"))
            monitor.sendall(b"system_reset\n")
            monitor.recv(4096)


@contextmanager
def guest(image: Path, place: Path, access: Access, user_data: bytes, disk: str) -> Iterator[Guest]:
    """A guest that is booting, on a disk of that size."""
    record = load(image)
    config_drive(place, user_data)
    made = ("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", image / "disk.qcow2", place / "own.qcow2", disk)
    subprocess.run(made, check=True, timeout=60)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [
        *("qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-display", "none", "-serial", f"file:{place / 'console'}"),
        *("-monitor", f"unix:{place / 'monitor'},server,nowait"),
        *("-kernel", str(image / "vmlinuz"), "-initrd", str(image / "initrd.img")),
        *("-append", f"{record.command_line} mitigations=off no_timer_check"),  # as for every emulated guest
        *("-drive", f"file={place / 'own.qcow2'},if=virtio,cache=unsafe"),
        *("-drive", f"file={place / 'config.iso'},if=ide,media=cdrom,readonly=on"),
        *("-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22"),
        *("-device", "virtio-net-pci,netdev=net,mac=52:54:00:12:34:56", "-device", "virtio-rng-pci"),
    ]
    qemu = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    try:
        yield Guest(place, port, access)
    finally:
        qemu.kill()
        qemu.wait(60)


def config_drive(place: Path, user_data: bytes) -> None:
    """As Nova makes it."""
    latest = place / "config" / "openstack" / "latest"
    latest.mkdir(parents=True)
    (latest / "meta_data.json").write_text(json.dumps({"uuid": "6f1e5a9c-0000-4000-8000-000000000001", "hostname": "web", "name": "web"}))
    (latest / "network_data.json").write_text(json.dumps(NETWORK))
    (latest / "user_data").write_bytes(user_data)
    words = ("genisoimage", "-quiet", "-o", place / "config.iso", "-V", "config-2", "-r", "-J", place / "config")
    subprocess.run(words, check=True, timeout=60)
