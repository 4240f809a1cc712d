"""A real daemon's journal: what was decided is decided again, across controllers that were killed, and no secret is in it."""

from __future__ import annotations

import json
import os
import signal

import pytest

from pcloud.cli.main import run
from tests.system.running import Daemon
from tests.system.specs import pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

VALUE = "swordfish-and-chips"
SECRET = "secrets: {PASSWORD: {env: PCLOUD_TEST_PASSWORD}}"


def test_what_a_daemon_decided_is_decided_again_by_the_command(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.bring_up(pair())
    for stop in (daemon.kill, daemon.end):
        mark = daemon.newest()
        os.kill(daemon.pid("pair", "back", "service"), signal.SIGKILL)
        daemon.until_event(lambda event: event.resource == "service" and event.to == "healthy", "restarted", mark)
        stop()
        daemon.start()
        daemon.until_state("pair", "healthy")
    monkeypatch.setenv("PCLOUD_SOCKET", str(daemon.socket))
    assert run(["replay", "pair", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {row["comparison"] for row in report["decisions"]} == {"same"}
    assert len(report["decisions"]) == len([event for event in daemon.events() if event.record is not None]) >= 4
    assert run(["replay", "pair", "--set", "assemblies.back.recovery.restart.failures=1", "--json"]) == 0
    changed = json.loads(capsys.readouterr().out)
    assert "different" in {row["comparison"] for row in changed["decisions"]}


def test_what_a_setting_leaves_out_is_inherited_from_the_daemons_configuration(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.end()
    daemon.config.write_text("[recovery.restart]\nfailures = -1\ndelay = '2s'\n")
    daemon.start()
    daemon.bring_up(pair())
    monkeypatch.setenv("PCLOUD_SOCKET", str(daemon.socket))
    assert run(["replay", "pair", "--set", "recovery.reboot.failures=7", "--json"]) == 0
    assert {row["comparison"] for row in json.loads(capsys.readouterr().out)["decisions"]} == {"same"}
    assert daemon.client.spec("pair").recovery["restart"] == {"failures": -1, "delay": 2.0}


def test_no_secret_is_in_the_store(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script prints it when it fails, which is a fact with the end of its output."""
    daemon.end()
    monkeypatch.setenv("PCLOUD_TEST_PASSWORD", VALUE)
    daemon.start()
    daemon.create(pair(back_recovery=SECRET, provision='echo "cannot log in as $PASSWORD"; exit 1'))
    daemon.client.start("pair")
    daemon.until_event(lambda event: "***" in event.reason, "the script has failed")
    facts = daemon.client.facts("pair", limit=1000)
    assert any("cannot log in as ***" in str(fact.fields) for fact in facts)
    assert daemon.end() == 0
    assert not [path for path in daemon.state.glob("store.db*") if VALUE.encode() in path.read_bytes()]
