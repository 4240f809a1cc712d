"""A whole controller and a machine with a real systemd: a unit that is killed heals; rights that are missing block, and reboot nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcloud.model.words import Choice, Rung
from tests.agents.nspawn import SystemdMachine, systemd_machine, why_not
from tests.agents.processes import command_of
from tests.system.running import Daemon, until

pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
    pytest.mark.timeout(900),  # the first time it builds the root file system
]

HOMES = {"root": "root", "guest": "home/guest"}
SERVICE = "/bin/sleep 100000"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[SystemdMachine]:
    (tmp_path / "machine").mkdir()
    with systemd_machine(tmp_path / "machine") as made:
        yield made


def bring_up(daemon: Daemon, machine: SystemdMachine, user: str) -> str:
    """Have it watched by that user, and let him in; the deployable's name."""
    host_key = " ".join(machine.instance().host_key.split()[:2])
    watched = f'address: {machine.address}, monitor: {{user: {user}, interval: 1000s, host_key: "{host_key}"}}'
    restart = "restart: {failures: 2, within: 1h, delay: 0s}"
    service = f'resources: {{payload: {{agent: "systemd:payload"}}}}, recovery: {{{restart}}}'
    name = daemon.create(f"deployable: shop\ninfrastructure: local\nassemblies:\n  m: {{{watched}, {service}}}\n")
    daemon.client.start(name)

    def line() -> str:
        return daemon.assembly(name, "m").reason.partition("its authorized_keys must have the line: ")[2]

    keys = machine.path(f"{HOMES[user]}/.ssh/authorized_keys")
    keys.write_text(f"{keys.read_text()}{until(line, 'the line that lets it in is told')}\n")
    return name


def kill(machine: SystemdMachine) -> None:
    os.kill(next(pid for pid in machine.processes() if command_of(pid).strip() == SERVICE), signal.SIGKILL)


def test_a_killed_unit_is_healed_long_before_its_probe_would_have_seen_it(daemon: Daemon, machine: SystemdMachine) -> None:
    daemon.until_state(bring_up(daemon, machine, "root"), "healthy")
    mark = daemon.newest()
    kill(machine)
    daemon.until_event(lambda event: event.resource == "payload" and event.to == "healthy", "it is healthy again", mark)
    failed = next(event for event in daemon.events(mark) if event.to == "failed")
    assert failed.reason.startswith("failed (signal); failure 1 of 2 in 1h: restarting")
    assert daemon.decided(mark) == [("shop/m/payload", str(Rung.RESTART))]


def test_a_user_who_may_not_restart_it_blocks_it_and_nothing_is_rebooted(daemon: Daemon, machine: SystemdMachine) -> None:
    def until_blocked(mark: int) -> None:
        blocked = daemon.until_event(lambda event: event.record is not None and event.record.choice is Choice.BLOCK, "it is blocked", mark)
        assert "user guest may not start payload.service: let it run systemctl by sudo without a password" in blocked.reason
        assert blocked.alert

    name = bring_up(daemon, machine, "guest")
    until_blocked(0)
    machine.run("systemctl start payload")
    daemon.until_state(name, "healthy")

    mark = daemon.newest()
    kill(machine)
    until_blocked(mark)
    assert daemon.decided(mark) == [("shop/m/payload", str(Rung.RESTART))]
    machine.write("etc/sudoers.d/guest", "guest ALL=(root) NOPASSWD: /usr/bin/systemctl\n", 0o440)
    daemon.client.restart(name, "m", "payload")
    daemon.until_event(lambda event: event.resource == "payload" and event.to == "healthy", "it is healthy again", mark)
