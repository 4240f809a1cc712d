"""``pcloud infrastructure audit`` on the embedded cloud: what is found, what is deleted, and what is never touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.processes import kill_all, members
from cpe.shell.infrastructures.tags import instance_metadata, volume_metadata
from pcloud.model.instance import Tags, VolumeTags
from pcloud.records.auditing import CleanRequest
from tests.cli.conftest import Pcloud
from tests.cli.terminal import on_terminal
from tests.system.running import Daemon, until
from tests.system.specs import group, pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


def ours(daemon: Daemon) -> str:
    return daemon.client.daemon().controller


def launched(daemon: Daemon, place: str, generation: int, controller: str = "") -> str:
    """A machine that nobody here has asked for."""
    driver, (whole, part) = LocalNodeDriver(daemon.cloud), place.split("/")
    metadata = instance_metadata(Tags(controller or ours(daemon), whole, part, generation))
    return str(driver.create_node(f"{whole}-{part}", driver.list_sizes()[0], driver.list_images()[0], ex_metadata=metadata).id)


def volume(daemon: Daemon, place: str, name: str) -> Path:
    """A volume likewise, with something on it."""
    driver, (whole, part) = LocalNodeDriver(daemon.cloud), place.split("/")
    made = driver.create_volume(1, name, ex_metadata=volume_metadata(VolumeTags(ours(daemon), whole, part, name)))
    directory = daemon.cloud / "volumes" / str(made.id)
    (directory / "data" / "precious").write_text("do not lose me")
    return directory


def audited(pcloud: Pcloud, *words: str) -> tuple[int, dict[str, Any]]:
    ended = pcloud("infrastructure", "audit", *words, "--json")
    return ended.code, json.loads(ended.out)


def kinds(body: dict[str, Any]) -> dict[str, str]:
    return {each["id"]: each["belonging"] for each in body["found"]}


def test_what_runs_and_what_is_kept_of_it_is_no_stray(daemon: Daemon, pcloud: Pcloud) -> None:
    daemon.bring_up(pair())
    daemon.client.relaunch("pair", "back")
    until(lambda: (found := daemon.assembly("pair", "back").instance) and found.generation == 2, "it has another machine")
    daemon.until_state("pair", "healthy")
    assert len(daemon.nodes()) == 3
    code, body = audited(pcloud, "local")
    assert (code, body["clean"], body["instances"], body["volumes"], body["found"]) == (0, True, 3, 1, [])
    ended = pcloud("infrastructure", "audit")
    assert (ended.code, ended.out) == (0, "local is clean: nothing strays among 3 instances and 1 volume with tags\n")
    ended = pcloud("infrastructure", "audit", "locla")
    assert (ended.code, ended.err) == (3, "error: there is no infrastructure locla\n  did you mean local?\n")
    ended = pcloud("infrastructure", "audit", "--volumes")
    assert (ended.code, "--volumes is about what --clean deletes" in ended.err) == (2, True)


def test_strays_are_deleted_and_nothing_else_is_touched(daemon: Daemon, pcloud: Pcloud) -> None:
    daemon.bring_up(group())
    mine = daemon.assembly("group", "m1").instance
    assert mine is not None
    stray, late = launched(daemon, "gone/web", 3), launched(daemon, "group/m9", 1)
    theirs, disk = launched(daemon, "group/m1", 1, "another"), volume(daemon, "gone/web", "data")
    code, body = audited(pcloud, "local")
    assert (code, kinds(body)) == (1, {stray: "stray", late: "stray", theirs: "foreign", disk.name: "stray"})
    refused = pcloud("infrastructure", "audit", "local", "--clean")
    assert (refused.code, "add --yes" in refused.err) == (4, True)
    assert len(daemon.running_nodes()) == 4

    code, body = audited(pcloud, "local", "--clean", "--yes", "--owner", "ann")
    assert (code, kinds(body)) == (1, {theirs: "foreign", disk.name: "stray"})
    assert {each["id"]: each["done"] for each in body["cleaned"]} == {stray: True, late: True}
    assert sorted(node.name for node in daemon.nodes()) == sorted([mine.id, theirs])
    assert members(daemon.cloud / "nodes" / theirs)
    assert (disk / "data" / "precious").exists()
    assert [event.reason.split(" of ")[0] for event in daemon.events() if event.kind == "cleaned"] == [
        f"ann has the stray {each}" for each in (stray, late)
    ]

    code, body = audited(pcloud, "local", "--clean", "--volumes", "--yes")
    assert (code, kinds(body), disk.exists()) == (0, {theirs: "foreign"}, False)
    assert daemon.assembly("group", "m1").state == "healthy"

    higher, other = launched(daemon, "group/m1", 9), launched(daemon, "group/m9", 1)
    ended = pcloud("infrastructure", "audit", "local", "--clean", "--yes")
    assert (ended.code, f"instance {higher}" in ended.out, other in ended.out) == (1, True, False)
    assert ended.out.endswith("local: 1 instance of a higher generation than ours among 4 instances and 0 volumes with tags\n")
    body = daemon.client.clean_infrastructure("local", CleanRequest(owner="ann", instances=[higher, other, theirs]))
    assert [each.done for each in body.cleaned] == [False, False, False]
    assert len(daemon.running_nodes()) == 4


@pytest.fixture
def lab(daemon: Daemon) -> Iterator[Path]:
    """A second embedded cloud, ``lab``, of whose machines no process is left."""
    section = '[infrastructures.lab]\ndriver = "local"\n'
    daemon.end()
    daemon.config.write_text(section)
    daemon.start()
    place = daemon.state / "clouds" / "lab"
    yield place
    for node in (place / "nodes").iterdir():
        kill_all(node)


def restarted(daemon: Daemon, config: str) -> None:
    daemon.end()
    daemon.config.write_text(config)
    daemon.start()


def test_what_is_left_of_a_deployable_that_was_deleted_while_it_could_not_be_taken_up_is_found(
    daemon: Daemon, pcloud: Pcloud, lab: Path
) -> None:
    daemon.bring_up(group().replace("infrastructure: local", "infrastructure: lab"))
    with_lab = daemon.config.read_text()
    restarted(daemon, "")
    assert daemon.client.list_deployables()[0].state == "blocked"
    assert pcloud("deployable", "delete", "group").code == 0
    restarted(daemon, with_lab)
    code, body = audited(pcloud, "lab")
    assert (code, [each["reason"] for each in body["found"]]) == (1, ["no deployable group is registered here"])
    assert audited(pcloud, "lab", "--clean", "--yes")[0] == 0
    assert list((lab / "nodes").iterdir()) == []


def test_on_a_terminal_each_kind_is_shown_and_asked_for_before_anything_is_done(daemon: Daemon) -> None:
    stray, disk = launched(daemon, "gone/web", 3), volume(daemon, "gone/web", "data")
    with on_terminal(daemon.socket, "infrastructure", "audit", "--clean", "--volumes", width=200) as terminal:
        terminal.until(lambda text: "does not come back" in text)
        assert f"{stray} (gone/web generation 3)" in terminal.text
        terminal.write("y\n")
        terminal.until(lambda text: "all data on it is lost" in text)
        assert f"{disk.name} (gone/web/data)" in terminal.text
        terminal.write("n\n")
        assert terminal.end() == 4
    assert disk.exists()
    [node] = daemon.running_nodes()
    assert node.name == stray
