"""Proof of death with real guests: the cloud calls a server gone and its volume free, and the guest runs on and writes (policy, section 6).

A line a second is written to the volume by whoever has it. Two writers at once would be seen as lines of two boots among each other.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import pytest

from pcloud.demo.openstack.lab import guest_process
from pcloud.errors import NotFoundError
from pcloud.records.event import EventRecord
from tests.cli.conftest import Pcloud
from tests.cli.terminal import PCLOUD, environment
from tests.infrastructures.openstack_cloud import OPENSTACK_FULL, driver
from tests.infrastructures.openstack_host import host_down
from tests.infrastructures.waiting import SLOW
from tests.openstack_lab.keeping import KEEPER
from tests.system.on_openstack import at_the_lab, holders, ports, servers
from tests.system.running import Daemon, until

pytestmark = OPENSTACK_FULL

BOOT = 900.0
"""Seconds for a guest to boot and be healthy: one minute on a quiet machine."""
BOOT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

SHOP = """
deployable: shop
infrastructure: lab
defaults:
  monitor: {interval: 1s, timeout: 8s, silence: 15s}
recovery:
  reboot: {failures: 1, within: 2h}
  relaunch: {failures: 9, within: 2h, delay: 1s, max_delay: 1s, verify: 15m}
assemblies:
  db:
    image: debian
    size: lab.small
    volumes: {data: {size: 1GiB, mount: /data}}
    provision: {script: provision.sh}
    resources:
      writer: {agent: 'systemd:writer'}
"""
PROVISION = """#!/bin/sh -e
cat >/usr/local/bin/writer <<'EOF'
#!/bin/sh
read -r boot </proc/sys/kernel/random/boot_id
while echo "$boot" >>/data/lines; do sleep 1; done
EOF
chmod 755 /usr/local/bin/writer
cat >/etc/systemd/system/writer.service <<'EOF'
[Unit]
RequiresMountsFor=/data
[Service]
ExecStart=/usr/local/bin/writer
[Install]
WantedBy=multi-user.target
EOF
systemctl enable --now writer
"""


@pytest.fixture
def lab(daemon: Daemon, tmp_path: Path) -> Iterator[Daemon]:
    KEEPER.ensure("full")
    with at_the_lab(daemon, tmp_path) as there:
        yield there


def started(lab: Daemon) -> str:
    """The server, healthy; its id."""
    lab.create(SHOP, files={"provision.sh": PROVISION})
    lab.client.start("shop")
    lab.until_state("shop", "healthy", patience=BOOT)
    (node,) = driver("demo").list_nodes()
    return str(node.id)


def written_by(server: str) -> int:
    """Bytes that its QEMU has written so far."""
    counted = dict(line.split(": ") for line in Path(f"/proc/{guest_process(server)}/io").read_text().splitlines())
    return int(counted["wchar"])


def goes_on_writing(server: str) -> None:
    before = written_by(server)
    until(lambda: written_by(server) > before + 4096, "the guest writes to its volume", SLOW)


def ended(server: str) -> bool:
    try:
        guest_process(server)
    except NotFoundError:
        return True
    return False


def writers(lab: Daemon) -> list[str]:
    """The boots that have written to the volume, one for each stretch of lines: two at a time would be there again and again."""
    words = [*PCLOUD, "assembly", "ssh", "shop/db", "--", "cat /data/lines"]
    said = subprocess.run(
        words, env=environment(lab.socket), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SLOW, check=False
    )
    assert said.returncode == 0, said.stderr
    return [boot for boot, _ in groupby(BOOT_ID.findall(said.stdout))]  # a line that a power cut has caught is zeros


@contextmanager
def cut_off(server: str) -> Iterator[None]:
    """Nobody reaches the guest, nor does it reach anybody: its cable is pulled. What it has on its disks it goes on with."""
    pid = str(guest_process(server))
    (port,) = ports()
    cable = ("nsenter", "--target", pid, "--net", "ip", "link", "set", f"tap{port['id'][:11]}")
    subprocess.run((*cable, "down"), check=True, timeout=SLOW)
    try:
        yield
    finally:
        subprocess.run((*cable, "up"), check=True, timeout=SLOW)


def test_there_are_never_two_writers_on_one_volume_although_the_cloud_calls_the_first_one_gone_while_it_writes(
    lab: Daemon, pcloud: Pcloud
) -> None:
    first = started(lab)
    confirm = ("assembly", "confirm-dead", "shop/db", "--yes", "--reason", "its host has ended it")
    with host_down():
        with cut_off(first):
            driver("admin").destroy_node(driver("admin").ex_get_node(first))
            until(lambda: not servers() and not holders(), "it is gone and its volume is free, says the cloud", SLOW)
            blocked = lab.until_event(lambda event: event.assembly == "db" and event.to == "blocked", "it is blocked", patience=SLOW)
            assert "is gone without our doing, and nothing is recorded of its end: its host may not have heard of it" in blocked.reason
            goes_on_writing(first)
        lab.until_event(lambda event: event.assembly == "db" and "contact again" in event.reason, "it answers again", patience=SLOW)
        refused = pcloud(*confirm)
        assert (refused.code, "it is not dead" in refused.err) == (4, True)
        assert (servers(), holders()) == ({}, [])
    until(lambda: ended(first), "its host is up again, and has ended it", SLOW)
    until(lambda: pcloud(*confirm).code == 0, "the operator says so", SLOW)
    lab.until_state("shop", "healthy", patience=BOOT)
    assert holders() == ["shop-db-2"]
    boots = writers(lab)
    assert len(boots) == len(set(boots)) == 2


def test_a_guest_that_hangs_while_its_host_does_not_answer_is_not_replaced_before_both_are_back(lab: Daemon) -> None:
    first = started(lab)
    pid = guest_process(first)
    with host_down():
        os.kill(pid, signal.SIGSTOP)
        try:
            lab.until_event(lambda event: event.assembly == "db" and _is_not_seen_off(event), "it cannot be seen off", patience=BOOT)
            assert (list(servers()), holders()) == (["shop-db-1"], ["shop-db-1"])
        finally:
            os.kill(pid, signal.SIGCONT)
    lab.until_state("shop", "healthy", patience=BOOT)
    assert len(holders()) == 1
    boots = writers(lab)
    assert len(boots) == len(set(boots))


def _is_not_seen_off(event: EventRecord) -> bool:
    return (event.from_, event.to) == ("fencing", "failed")
