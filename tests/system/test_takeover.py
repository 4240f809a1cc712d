"""A controller that must not trust itself only observes: one that dies again and again, and one whose store is not at home any more."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pcloud.client import Client
from pcloud.model.words import Choice
from pcloud.records.status import ResourceStatus
from tests.cli.conftest import Pcloud
from tests.system.running import Daemon, until
from tests.system.specs import group

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

TARGET = "group/m1/sleeper"
SPEC = group(recovery="restart: {verify: 20s}")


def service(client: Client) -> ResourceStatus:
    (found,) = next(each for each in client.status("group").assemblies if each.name == "m1").resources
    return found


def dies(daemon: Daemon, times: int) -> None:
    for _ in range(times):
        daemon.kill()
        daemon.start()


def observing(daemon: Daemon) -> str:
    return daemon.client.status("group").observing


def recovered(daemon: Daemon, mark: int) -> None:
    daemon.until_event(lambda event: event.record is not None and event.record.choice is Choice.RECOVERED, "it is restarted", mark)


def killed_and_not_restarted(daemon: Daemon, mark: int, pid: int) -> None:
    """The service is killed, what would be done is recorded, and nothing is done while the daemon brings up something else."""
    os.kill(pid, 9)
    held = daemon.until_event(lambda event: event.record is not None and event.record.action == "restart", "it is decided upon", mark)
    assert held.record is not None
    assert (held.record.choice, "observed only" in held.reason) == (Choice.HOLD, True), daemon.story(mark)
    daemon.bring_up(group("other"))
    assert service(daemon.client).state == "failed"
    assert not [each for each in daemon.decided(mark) if each[0].startswith("group")], daemon.story(mark)


def test_after_three_deaths_the_fourth_start_observes_until_somebody_takes_over(daemon: Daemon, pcloud: Pcloud, tmp_path: Path) -> None:
    alerts = tmp_path / "alerts"
    daemon.end()
    daemon.config.write_text(f"alert_command = {json.dumps(f'cat >> {alerts}')}\n")
    daemon.start()
    daemon.bring_up(SPEC)
    pid = daemon.pid("group", "m1", "sleeper")
    dies(daemon, 2)
    assert observing(daemon) == "", "the third start is the second unclean one"
    mark = daemon.newest()
    dies(daemon, 1)
    why = "the controller has died 3 times within 10m, and no recovery verified between its starts (crash_loop_starts = 3)"
    assert observing(daemon) == why
    until(lambda: alerts.exists() and why in alerts.read_text(), "somebody is called")
    daemon.until_state("group", "healthy")
    killed_and_not_restarted(daemon, mark, pid)
    shown = pcloud("deployable", "status", "group")
    assert f"group is only observed: {why}; `pcloud takeover group` ends it" in shown.out
    assert f"{why}: only observing from now on" in pcloud("explain", "group", "--last", "5").out
    assert "only observed" in pcloud("deployable", "list").out
    assert pcloud("takeover").code == 4, "nobody has said yes"
    assert observing(daemon) == why

    mark = daemon.newest()
    taken = pcloud("takeover", "--yes", "--owner", "ann", "--reason", "the disk was full", "-o", "json")
    assert (taken.code, [each["observing"] for each in json.loads(taken.out)]) == (0, [""])
    daemon.until_event(lambda event: event.reason.startswith("taken over by ann (the disk was full)"), "it is in the journal", mark)
    daemon.until_state("group", "healthy")
    assert daemon.pid("group", "m1", "sleeper") != pid
    assert daemon.decided(mark) == [(TARGET, "restart")], daemon.story(mark)
    assert pcloud("takeover", "group", "--yes").code == 4, "there is nothing to take over any more"

    dies(daemon, 2)
    assert observing(daemon) == "", "what was before a takeover counts no more"
    assert {row.comparison for row in daemon.replayed("group").decisions} == {"same"}


def test_a_recovery_that_verified_between_its_deaths_shows_that_a_controller_works(daemon: Daemon) -> None:
    daemon.bring_up(SPEC)
    dies(daemon, 2)
    mark = daemon.newest()
    daemon.kill_service("group", "m1")
    recovered(daemon, mark)
    dies(daemon, 2)
    assert observing(daemon) == ""
    daemon.until_state("group", "healthy")


def test_clean_restarts_are_never_doubted_and_a_configuration_may_ask_for_no_doubt(daemon: Daemon) -> None:
    daemon.create(SPEC)
    for _ in range(3):
        assert daemon.end() == 0
        daemon.start()
    assert observing(daemon) == ""
    daemon.config.write_text("crash_loop_starts = 0\n")
    dies(daemon, 3)
    assert observing(daemon) == ""


@contextmanager
def copied(daemon: Daemon, directory: Path) -> Iterator[Daemon]:
    """Another daemon with a copy of a daemon's store and keys, which sees the same machines."""
    other = Daemon(directory)
    other.state.mkdir()
    for name in ("store.db", "keys"):
        source = daemon.state / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, other.state / name)
    try:
        other.start()
        yield other
    finally:
        other.clear()


def test_a_copied_store_observes_and_does_nothing_to_the_machines_of_the_original(daemon: Daemon, tmp_path: Path) -> None:
    daemon.bring_up(SPEC)
    pid = daemon.pid("group", "m1", "sleeper")
    mark = daemon.newest()
    daemon.end()
    (tmp_path / "other").mkdir()
    with copied(daemon, tmp_path / "other") as other:
        assert other.client.status("group").observing == f"the store was moved here from {daemon.state.resolve()}"
        other.until_state("group", "healthy")
        killed_and_not_restarted(other, other.newest(), pid)
        other.end()
        other.start()
        assert other.client.status("group").observing, "a restart does not end it"
    daemon.start()
    assert observing(daemon) == ""
    recovered(daemon, mark)
    assert daemon.pid("group", "m1", "sleeper") != pid
