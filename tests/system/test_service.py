"""The daemon as a systemd service, with the unit file that is shipped, in a machine with a real systemd."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.nspawn import SystemdMachine, systemd_machine, why_not
from tests.system.running import until

CHECKOUT = Path(__file__).parents[2]
LIBRARIES = Path(sysconfig.get_path("purelib"))
SAME_PYTHON = sys.version_info[:2] == (3, 11)  # the machine has Debian 12's, and our libraries are built for one

pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(why_not()) or not SAME_PYTHON, reason=why_not() or "needs Python 3.11"),
    pytest.mark.timeout(900),  # the first time it builds the root file system
]

SPEC = """
deployable: shop
infrastructure: local
defaults: {monitor: {interval: 200ms, timeout: 2s}}
assemblies:
  db:
    image: host
    resources: {sleeper: {agent: "process:sleep 100000"}}
"""


class Service:
    """A booted machine in which pcloud is installed as a package would install it."""

    def __init__(self, machine: SystemdMachine, place: Path) -> None:
        self._machine = machine
        options = ("BatchMode=yes", "StrictHostKeyChecking=no", "ConnectTimeout=5", f"UserKnownHostsFile={place / 'known_hosts'}")
        words = [word for option in (*options, "LogLevel=ERROR") for word in ("-o", option)]
        self._ssh = ["ssh", "-n", "-i", str(machine.client_key), *words, f"root@{machine.address}"]

    def install(self) -> None:
        for name, module in (("pcloud-cped", "cpe.daemon.main"), ("pcloud", "pcloud.cli")):
            paths = f"{CHECKOUT}:{LIBRARIES}"
            start = f'#!/bin/sh\nPYTHONPATH="{paths}" PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -m {module} "$@"\n'
            self._machine.write(f"usr/bin/{name}", start, 0o755)
        unit = (CHECKOUT / "packaging/systemd/pcloud-cped.service").read_text()
        self._machine.write("etc/systemd/system/pcloud-cped.service", unit)
        self._machine.write("etc/systemd/system/pcloud-cped.service.d/soon.conf", "[Service]\nWatchdogSec=4s\n")
        self._machine.write("root/shop.yaml", SPEC)

    def run(self, command: str) -> str:
        done = subprocess.run([*self._ssh, command], check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout.strip()

    def says(self, command: str, text: str) -> bool:
        done = subprocess.run([*self._ssh, command], check=False, capture_output=True, text=True, timeout=120)
        return text in done.stdout

    def is_well(self) -> bool:
        return self.says("pcloud deployable status shop >/dev/null && echo well", "well")

    def property(self, name: str) -> str:
        return self.run(f"systemctl show -P {name} pcloud-cped")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with systemd_machine(tmp_path, CHECKOUT, LIBRARIES) as machine:
        made = Service(machine, tmp_path)
        made.install()
        until(lambda: made.says("systemctl is-active multi-user.target", "active"), "it is booted")
        yield made


def test_the_unit_is_ready_when_the_api_answers_is_watched_and_leaves_machines_alone_when_it_ends(service: Service) -> None:
    service.run("systemctl daemon-reload; systemctl start pcloud-cped")
    assert service.property("ActiveState") == "active"
    assert service.property("StatusText") == "no deployables"
    assert "shop is healthy" in service.run("pcloud deployable start /root/shop.yaml")
    sleeper = service.run("pgrep -fx 'sleep 100000'")
    shown = "1 deployable: 1 healthy; contact with 1 of 1 machine"
    until(lambda: service.property("StatusText") == shown, "systemctl status shows what there is")

    service.run("systemctl stop pcloud-cped")
    assert service.property("Result") == "success"
    assert service.run("pgrep -fx 'sleep 100000'") == sleeper

    service.run("systemctl start pcloud-cped")
    until(service.is_well, "it is healthy again")
    assert service.run("pgrep -fx 'sleep 100000'") == sleeper

    hung = service.property("MainPID")
    service.run(f"kill -STOP {hung}")
    until(lambda: service.property("NRestarts") == "1", "the watchdog notices and restarts it")
    until(service.is_well, "it is healthy again")
    assert service.property("MainPID") != hung
    assert service.run("pgrep -fx 'sleep 100000'") == sleeper
