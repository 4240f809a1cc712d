"""``pcloud assembly evidence``: what a real machine said last, and the machine itself, which stands switched off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.processes import members
from pcloud.records.operating import PauseRequest, ResumeRequest
from tests.cli.conftest import Pcloud
from tests.system.running import Daemon, until
from tests.system.specs import pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def evidence(pcloud: Pcloud, *words: str) -> list[dict[str, Any]]:
    ended = pcloud("assembly", "evidence", "pair/back", *words, "--json")
    assert ended.code == 0, ended.err
    found: list[dict[str, Any]] = json.loads(ended.out)
    return found


def relaunched(daemon: Daemon, generation: int) -> None:
    daemon.client.relaunch("pair", "back")
    until(lambda: (found := daemon.assembly("pair", "back").instance) and found.generation == generation, "it has another machine")
    daemon.until_state("pair", "healthy")


def test_the_last_words_and_the_machine_are_kept_and_may_be_looked_at_during_a_pause(daemon: Daemon, pcloud: Pcloud) -> None:
    daemon.bring_up(pair())
    assert evidence(pcloud) == []
    old = daemon.node("pair", "back")
    with (old / "console.log").open("a") as console:  # as its kernel would
        console.writelines([*(f"line {number:05}\n" for number in range(3000)), "the very last words\n"])
    relaunched(daemon, 2)
    [one] = evidence(pcloud)
    assert (one["instance"], one["generation"], one["whereabouts"]) == (old.name, 1, "kept")
    assert (one["why"], one["until"] > one["at"]) == ("asked for by the operator", True)
    assert "the very last words" in one["console"]
    assert 4000 < len(one["console"]) <= 8192
    assert {(each["resource"], each["verdict"]) for each in one["probes"]} == {("service", "passed")}
    whole = pcloud("assembly", "evidence", "pair/back", "--console").out
    assert "line 00001" in whole
    assert "line 00001" not in one["console"]
    told = pcloud("assembly", "evidence", "pair/back").out
    assert f"{old.name} stands at local, switched off" in told
    [line] = [event.reason for event in daemon.events() if event.kind == "evidence"]
    assert line.startswith(f"what {old.name} of generation 1 said last is kept; its console ended with: ")

    daemon.client.pause("pair", PauseRequest(owner="ann", assembly="back", seconds=600))
    driver = LocalNodeDriver(daemon.cloud)
    driver.start_node(driver.ex_get_node(old.name))
    assert members(old)
    assert pcloud("infrastructure", "audit").code == 0
    driver.stop_node(driver.ex_get_node(old.name))
    daemon.client.resume("pair", ResumeRequest(owner="ann", assembly="back"))

    relaunched(daemon, 3)
    until(lambda: not old.exists(), "the older one is deleted")
    assert [(each["generation"], each["whereabouts"]) for each in evidence(pcloud)] == [(2, "kept"), (1, "gone")]
    assert "the very last words" in evidence(pcloud, "--generation", "1")[0]["console"]
    assert pcloud("assembly", "evidence", "pair/back", "--generation", "1", "--console").code == 4
