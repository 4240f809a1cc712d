"""A cloud that has forgotten a machine that lives on: nothing takes its volume before somebody answers for it that it is dead."""

from __future__ import annotations

import pytest

from cpe.shell.infrastructures.local.processes import kill_all, members
from cpe.shell.infrastructures.local.records import MACHINE_RECORD
from pcloud.records.operating import PauseRequest, ResumeRequest
from tests.cli.conftest import Pcloud
from tests.system.running import Daemon, until
from tests.system.specs import pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def test_a_forgotten_machine_is_replaced_only_when_it_does_not_answer_and_somebody_says_that_it_is_dead(
    daemon: Daemon, pcloud: Pcloud
) -> None:
    daemon.bring_up(pair())
    ended = pcloud("assembly", "confirm-dead", "pair/back", "--yes")
    assert (ended.code, "back does not wait for anybody to confirm" in ended.err) == (4, True)
    old = daemon.node("pair", "back")
    daemon.client.pause("pair", PauseRequest(owner="ann", seconds=600))
    (old / MACHINE_RECORD).rename(old / "forgotten")
    daemon.client.relaunch("pair", "back")
    blocked = daemon.until_event(lambda event: event.assembly == "back" and event.to == "blocked", "it is blocked")
    assert "is gone without our doing, and it still answers us" in blocked.reason
    assert members(old)

    ended = pcloud("assembly", "confirm-dead", "pair/back", "--yes")
    assert (ended.code, "back still answers us: it is not dead" in ended.err) == (4, True)
    kill_all(old)
    words = ("assembly", "confirm-dead", "pair/back", "--yes", "--reason", "seen burning")
    until(lambda: pcloud(*words).code == 0, "it does not answer any more, and that it is dead is believed")
    daemon.client.resume("pair", ResumeRequest(owner="ann"))
    daemon.until_state("pair", "healthy")
    instance = daemon.assembly("pair", "back").instance
    assert instance is not None
    assert (instance.generation, members(old)) == (2, [])
    assert (daemon.root("pair", "back") / "data" / "provisioned").read_text() == "once\nonce\n"
    assert any("(seen burning)" in event.reason for event in daemon.events())
