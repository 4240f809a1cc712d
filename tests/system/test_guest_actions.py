"""What is done in machines while the controller dies or the connection breaks: it goes on, and is asked about before it is done again."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.processes import members
from tests.system.running import Daemon, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

SPEC = """
deployable: slow
infrastructure: local
defaults:
  monitor: {interval: 200ms, timeout: 1s}
assemblies:
  web:
    image: host
    resources:
      svc:
        agent: 'script:'
        start: 'cd "$PCLOUD_ROOT"; echo begun >>starts; while [ -e wait ]; do sleep 0.1; done; touch up'
        stop: 'rm -f "$PCLOUD_ROOT/up"'
        monitor: '[ -e "$PCLOUD_ROOT/up" ] || exit 7'
"""


def starts(root: Path) -> int:
    return len((root / "starts").read_text().splitlines())


def in_the_middle_of_a_restart(daemon: Daemon) -> Path:
    """The root of a machine whose service is being started for the second time, and will be until the file ``wait`` is gone."""
    daemon.bring_up(SPEC)
    root = daemon.root("slow", "web")
    (root / "wait").touch()
    (root / "up").unlink()
    until(lambda: starts(root) == 2, "it is started again")
    return root


def cut_sessions(machine: Path) -> None:
    for pid in members(machine):
        with suppress(FileNotFoundError, ProcessLookupError):
            if b"@" in Path(f"/proc/{pid}/cmdline").read_bytes().removeprefix(b"sshd: ").partition(b"\0")[0]:
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("done_meanwhile", [False, True])
def test_a_start_under_way_when_the_controller_is_killed_is_not_begun_again(daemon: Daemon, done_meanwhile: bool) -> None:
    root = in_the_middle_of_a_restart(daemon)
    daemon.kill()
    if done_meanwhile:
        (root / "wait").unlink()
        until((root / "up").exists, "it is done")
    mark = starts(root)
    daemon.start()
    if not done_meanwhile:
        until(lambda: daemon.assembly("slow", "web").state == "recovering", "it is taken up")
        (root / "wait").unlink()
    daemon.until_state("slow", "healthy")
    assert starts(root) == mark == 2, daemon.story()


def test_a_start_whose_connection_is_cut_is_not_begun_again(daemon: Daemon) -> None:
    root = in_the_middle_of_a_restart(daemon)
    mark = daemon.newest()
    cut_sessions(root.parent)
    (root / "wait").unlink()
    daemon.until_state("slow", "healthy")
    assert starts(root) == 2
    assert [event.to for event in daemon.events(mark) if event.kind == "failed"] == [], daemon.story()


def test_a_start_that_is_not_wanted_any_more_ends_in_the_machine(daemon: Daemon) -> None:
    root = in_the_middle_of_a_restart(daemon)
    daemon.client.stop("slow")
    daemon.until_state("slow", "stopped")
    assert not root.exists()


def test_after_a_reboot_in_the_middle_of_a_start_it_is_begun_anew(daemon: Daemon) -> None:
    root = in_the_middle_of_a_restart(daemon)
    driver = LocalNodeDriver(daemon.cloud)
    driver.ex_hard_reboot_node(driver.ex_get_node(root.parent.name))
    until(lambda: starts(root) == 3, "it is started after the reboot")
    (root / "wait").unlink()
    daemon.until_state("slow", "healthy")
    assert starts(root) == 3, daemon.story()
