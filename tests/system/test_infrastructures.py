"""``pcloud infrastructure``: really tried, on the embedded cloud."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.local.dialect import LocalDialect
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.trial import _abilities, tried
from pcloud.records.infrastructures import Found
from tests.cli.conftest import Pcloud
from tests.system.running import Daemon
from tests.system.specs import group

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

ANCHOR = "127.66.1.9"  # of these tests' own


@pytest.fixture
def anchor() -> Iterator[str]:
    """A port that takes connections and says nothing: no answer of a service."""
    with socket.create_server((ANCHOR, 0)) as deaf:
        yield f"{ANCHOR}:{deaf.getsockname()[1]}"


def found(pcloud: Pcloud, *words: str) -> dict[str, tuple[str, str]]:
    ended = pcloud("infrastructure", "test", *words, "--json")
    return {step["what"]: (step["found"], step["said"]) for step in json.loads(ended.out)["steps"]}


def test_what_is_configured_is_listed(daemon: Daemon, pcloud: Pcloud) -> None:
    daemon.end()
    lab = '[infrastructures.lab]\ndriver = "openstack"\ncloud = "rack"\nanchors = ["10.0.0.1:22"]\n'
    daemon.config.write_text(f'{lab}[infrastructures.rack]\ndriver = "static"\n')
    daemon.start()
    listed = json.loads(pcloud("infrastructure", "list", "--json").out)
    assert [(one["name"], one["driver"], one["cloud"], one["anchors"]) for one in listed] == [
        ("lab", "openstack", "rack", ["10.0.0.1:22"]),
        ("local", "local", "", []),
        ("rack", "static", "", []),
    ]
    ended = pcloud("infrastructure", "test", "lab")
    assert ended.code == 1
    assert "there is no clouds.yaml for the cloud rack; put a clouds.yaml into " in ended.out
    assert ended.out.endswith("1 of 1 steps of lab failed\n")
    ended = pcloud("infrastructure", "test", "rack", "--launch")
    assert ended.code == 0
    assert "the driver static launches nothing" in ended.out


def test_without_a_launch_nothing_is_made(daemon: Daemon, pcloud: Pcloud) -> None:
    daemon.bring_up(group(count=2))
    before = daemon.nodes()
    steps = found(pcloud, "local")
    assert steps["machines"] == ("passed", "2 listed, 2 of them launched by this controller")
    assert steps["images"][1].startswith("2 listed: host, ")
    assert steps["volumes"] == ("passed", "0 listed")
    assert steps["abilities"] == ("passed", "launch, destroy, reboot, stop and start, volumes")
    assert steps["launch"] == ("skipped", "not asked for")
    assert daemon.nodes() == before


def test_a_launch_goes_through_a_machines_life_and_leaves_nothing(daemon: Daemon, pcloud: Pcloud) -> None:
    ended = pcloud("infrastructure", "test", "local", "--launch")
    assert ended.code == 0, ended.out
    rows = {line.split()[0]: line for line in ended.out.splitlines()[1:]}
    assert [rows[what].split()[1] for what in ("launch", "reboot", "stop", "start", "volume", "destroy")] == ["passed"] * 6
    assert ended.out.endswith("local works\n")
    assert daemon.nodes() == []
    assert list((daemon.cloud / "volumes").iterdir()) == []


def test_a_launch_that_fails_says_why_and_exits_with_1(daemon: Daemon, pcloud: Pcloud) -> None:
    ended = pcloud("infrastructure", "test", "local", "--launch", "--image", "debian-99")
    assert ended.code == 1
    assert "there is no image 'debian-99'; did you mean" in ended.out
    assert daemon.nodes() == []


def test_a_cloud_that_cannot_be_listed_and_an_anchor_that_says_nothing_are_failures(daemon: Daemon, pcloud: Pcloud, anchor: str) -> None:
    daemon.end()
    daemon.config.write_text(f'[infrastructures.local]\ndriver = "local"\nanchors = ["{anchor}"]\n')
    daemon.start()
    assert found(pcloud, "local")[f"anchor {anchor}"] == ("failed", "does not answer")
    (daemon.cloud / "nodes").rmdir()
    (daemon.cloud / "nodes").write_text("in the way")
    assert found(pcloud, "local")["machines"][0] == "failed"
    (daemon.cloud / "nodes").unlink()


def test_an_unknown_one_is_not_found(daemon: Daemon, pcloud: Pcloud) -> None:
    ended = pcloud("infrastructure", "test", "locla")
    assert (ended.code, ended.err) == (3, "error: there is no infrastructure locla\n  did you mean local?\n")


class Volumeless(LocalNodeDriver):
    """A driver as many of libcloud's are: without volumes, and without power off."""

    list_volumes = LocalNodeDriver.__mro__[1].list_volumes  # type: ignore[attr-defined]
    stop_node = LocalNodeDriver.__mro__[1].stop_node  # type: ignore[attr-defined]


async def test_what_a_driver_cannot_do_is_said(tmp_path: Path) -> None:
    (tmp_path / "cloud").mkdir()
    made = LibcloudInfrastructure("lab", Calls("lab", lambda: Volumeless(tmp_path / "cloud")), LocalDialect(), controller="c")
    try:
        step = await tried("abilities", lambda: made.ask("looking", _abilities))
        assert (step.found, step.said) == (Found.LACKING, "can: launch, destroy, reboot; cannot: stop and start, volumes")
    finally:
        made.close()
