"""The driver ``machine``: real systemd machines on this host, launched, watched, healed and removed like any cloud's."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpe.shell.infrastructures.machine.container import running
from pcloud.errors import RefusedError
from tests.agents.nspawn import why_not
from tests.infrastructures.machine_cloud import MachineLab
from tests.system.running import Daemon, until

pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
    pytest.mark.timeout(900),  # the first time it builds the root file system
]

SPEC = """
deployable: shop
infrastructure: lab
defaults:
  image: debian-12
  monitor: {interval: 500ms, timeout: 3s, silence: 3s}
assemblies:
  db:
    volumes: {data: {size: 1GiB, mount: /srv/data}}
    secrets: {PASSWORD: {file: FILE}}
    provision:
      inline: |
        #!/bin/sh
        set -e
        echo "generation" >>/srv/data/provisioned
        printf '%s' "$PASSWORD" >/root/password
        printf '[Service]\\nExecStart=/bin/sleep 100000\\n' >/etc/systemd/system/payload.service
        systemctl daemon-reload
    resources:
      payload: {agent: "systemd:payload"}
      ssh: {checks: [{tcp: 22, from: controller}], restarts: payload}
    recovery: {reboot: {verify: 60s}}
  web:
    data: ephemeral
    after: [db]
    parameters: {DB: "${db.address}"}
    configure: {inline: 'echo "$DB" >>/root/dbs; ping -c 1 -W 2 "$DB" >/dev/null 2>&1 || true'}
"""


@pytest.fixture
def lab(daemon: Daemon) -> Iterator[MachineLab]:
    made = MachineLab(daemon.state / "clouds" / "lab")
    daemon.end()
    configure(daemon, made)
    daemon.start()
    try:
        yield made
    finally:
        if daemon.process is not None:
            daemon.end()
        made.clear()


def configure(daemon: Daemon, lab: MachineLab, bridge: str = "bridge", subnet: str = "") -> None:
    """Write the daemon's configuration, with that word for the bridge's key."""
    args = f'{bridge} = "{lab.bridge}", subnet = "{subnet or lab.subnet}", images = {{debian-12 = "{lab.image}"}}'
    daemon.config.write_text(f'[infrastructures.lab]\ndriver = "machine"\nargs = {{{args}}}\n')


def test_machines_are_launched_healed_and_removed(daemon: Daemon, lab: MachineLab, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.touch(0o600)
    password.write_text("correct-horse-battery")
    daemon.bring_up(SPEC.replace("FILE", str(password)))
    db = daemon.assembly("shop", "db").instance
    assert db is not None
    upper = lab.directory / "nodes" / db.id / "upper"
    assert (upper / "root/password").read_text() == "correct-horse-battery"

    mark = daemon.newest()
    [unit] = [pid for pid in Path("/proc").glob("[0-9]*") if payload(pid, db.id)]
    until(lambda: kill(unit), "it is killed")
    daemon.until_event(lambda event: event.resource == "payload" and event.to == "healthy", "its unit is started again", mark)
    assert daemon.decided(mark) == [("shop/db/payload", "restart")], daemon.story(mark)

    mark = daemon.newest()
    for pid in running(db.id):
        kill(Path(f"/proc/{pid}"))
    daemon.until_event(lambda event: event.assembly == "db" and event.to == "healthy", "it is switched on again", mark)
    daemon.until_state("shop", "healthy")
    assert daemon.decided(mark) == [("shop/db", "reboot")], daemon.story(mark)

    mark = daemon.newest()
    daemon.client.relaunch("shop", "db")
    daemon.until_event(lambda event: event.assembly == "web" and event.to == "healthy", "what comes after it is configured again", mark)
    daemon.until_state("shop", "healthy")
    new = daemon.assembly("shop", "db").instance
    assert new is not None
    assert (new.generation, new.address != db.address) == (2, True)
    [volume] = lab.driver.list_volumes()
    assert (lab.directory / "volumes" / volume.id / "data" / "provisioned").read_text() == "generation\n" * 2
    web = daemon.assembly("shop", "web").instance
    assert web is not None
    assert (lab.directory / "nodes" / web.id / "upper/root/dbs").read_text() == f"{db.address}\n{new.address}\n"

    is_removed(daemon, lab)


def is_removed(daemon: Daemon, lab: MachineLab) -> None:
    daemon.client.stop("shop")
    daemon.until_state("shop", "stopped")
    assert lab.driver.list_nodes() == []
    daemon.client.delete("shop", volumes=True)
    assert lab.driver.list_volumes() == []


def payload(process: Path, identity: str) -> bool:
    """Whether it is the unit's main process in that machine: its cgroup's unit, and a child of that machine's first process."""
    try:
        parent = (process / "stat").read_text().rpartition(") ")[2].split()[1]
        return (process / "cmdline").read_bytes() == b"/bin/sleep\x00100000\x00" and int(parent) in running(identity)
    except (OSError, IndexError):
        return False


def kill(process: Path) -> bool:
    os.kill(int(process.name), signal.SIGKILL)
    return True


def test_it_is_told_what_is_wrong_with_its_settings(daemon: Daemon, lab: MachineLab) -> None:
    daemon.end()
    configure(daemon, lab, bridge="brigde", subnet="8.213.0.0/24")
    daemon.start()
    with pytest.raises(RefusedError, match=r"args\.brigde") as refused:
        daemon.create(SPEC.replace("FILE", "/nowhere"))
    assert 'did you mean "bridge"?' in str(refused.value)
    assert "is no private network" in str(refused.value)
