"""A whole daemon and real guests, on a lab in size ``full``: who has a volume's file open, whatever the cloud says of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from openstack_lab import room
from openstack_lab.settings import HOME
from tests.cli.conftest import Pcloud
from tests.infrastructures.openstack_cloud import FULL, driver
from tests.infrastructures.test_openstack_deaths import host_down
from tests.infrastructures.waiting import SLOW
from tests.openstack_lab.keeping import KEEPER
from tests.system.running import Daemon, until
from tests.system.test_openstack import lab

__all__ = ["lab"]  # a fixture

pytestmark = FULL

BOOT = 900.0
"""Seconds to a login: half a minute under emulation, and many times that on a machine that does much else."""

SHOP = """
deployable: shop
infrastructure: lab
defaults:
  monitor: {interval: 1s, timeout: 10s, silence: 20s}
recovery:
  reboot: {failures: 2, within: 1h, delay: 1s, max_delay: 1s, verify: 15m}
  relaunch: {failures: 2, within: 2h, delay: 1s, max_delay: 1s, verify: 15m}
assemblies:
  db:
    image: debian
    size: lab.small
    volumes: {data: {size: 1GiB, mount: /data}}
    resources:
      sleeper: {agent: 'process:sleep 100000'}
"""


@pytest.fixture(autouse=True)
def _full() -> None:
    KEEPER.ensure("full")


def writers(volume: str) -> set[int]:
    """The processes of the lab that have the volume's file open."""
    found = set()
    for pid in room.pids(HOME):
        try:
            held = [each.readlink().name for each in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            continue  # it has just ended
        if f"volume-{volume}" in held:
            found.add(pid)
    return found


@contextmanager
def silenced(pid: int) -> Iterator[None]:
    """A guest that says nothing, and may go on at any time."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def test_a_volume_has_one_writer_although_the_cloud_calls_its_server_gone_and_it_free(lab: Daemon, pcloud: Pcloud) -> None:
    lab.create(SHOP)
    lab.client.start("shop")
    lab.until_state("shop", "healthy", patience=BOOT)
    (volume,) = [each.id for each in driver("demo").list_volumes()]
    (first,) = writers(volume)
    with ExitStack() as silence:
        with host_down():
            (node,) = driver("demo").list_nodes()
            driver("admin").destroy_node(driver("admin").ex_get_node(node.id))
            until(lambda: driver("demo").ex_get_volume(volume).state == "available", "its volume is free, says the cloud", SLOW)
            assert (driver("demo").list_nodes(), writers(volume)) == ([], {first})
            silence.enter_context(silenced(first))
            blocked = lab.until_event(lambda event: event.assembly == "db" and event.to == "blocked", "it is blocked", patience=SLOW)
            assert "nothing is recorded of its end: its host may not have heard of it" in blocked.reason
            assert (driver("demo").list_nodes(), writers(volume)) == ([], {first})
        until(lambda: not writers(volume), "its host is up again, and ends it", SLOW)
    words = ("assembly", "confirm-dead", "shop/db", "--yes", "--reason", "its host is up again, and has ended it")
    assert pcloud(*words).code == 0
    lab.until_state("shop", "healthy", patience=BOOT)
    assert len(writers(volume)) == 1
    assert pcloud("deployable", "stop", "shop").code == 0
    lab.until_state("shop", "stopped", patience=SLOW)
    assert writers(volume) == set()
    assert pcloud("infrastructure", "audit", "lab").code == 0
