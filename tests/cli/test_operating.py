"""``pcloud pause`` and its like, against a real server."""

from __future__ import annotations

import json
import os
import pwd
from datetime import UTC, datetime, timedelta

import pytest

from pcloud.records.status import DeployableStatus
from pcloud.screen.status import status_lines
from tests.api.memory_controller import MemoryController
from tests.api.specs import BLOG
from tests.cli.conftest import Pcloud

pytestmark = pytest.mark.real

ALL = ["pause", "resume", "maintenance", "approve", "deny", "retry", "cleanup"]


@pytest.fixture
def blog(pcloud: Pcloud) -> Pcloud:
    assert pcloud("deployable", "create", "blog.yaml").code == 0
    return pcloud


@pytest.mark.parametrize("verb", ALL)
def test_no_daemon_is_exit_code_6(alone: Pcloud, verb: str) -> None:
    ended = alone(verb, "blog")
    assert (ended.code, ended.out) == (6, "")


@pytest.mark.parametrize("verb", ALL)
def test_an_unknown_name_is_exit_code_3_and_comes_with_the_nearest(blog: Pcloud, verb: str) -> None:
    for unknown, near in (("blgo", "blog"), ("blog/wep", "web")):
        ended = blog(verb, unknown)
        assert (ended.code, ended.out) == (3, "")
        assert f'did you mean "{near}"?' in ended.err


def test_a_pause_lasts_four_hours_unless_it_is_said_otherwise(blog: Pcloud) -> None:
    for words, seconds in (([], 4 * 3600), (["--for", "90m"], 5400), (["--for", "30d"], 30 * 86400)):
        ended = blog("pause", "blog", *words, "--json")
        assert ended.code == 0
        (pause,) = DeployableStatus.model_validate_json(ended.out).pauses
        assert abs(pause.until - datetime.now(UTC) - timedelta(seconds=seconds)) < timedelta(seconds=30)


@pytest.mark.parametrize("length", ["0", "0s", "-1h", "31d", "soon", "inf"])
def test_a_length_that_makes_no_sense_is_exit_code_2(blog: Pcloud, length: str) -> None:
    for verb in ("pause", "maintenance"):
        ended = blog(verb, "blog", "--for", length)
        assert (ended.code, ended.out) == (2, "")
        assert "at most 30d" in " ".join(ended.err.split())


def test_the_one_who_runs_the_command_is_named_through_sudo_as_well(blog: Pcloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert f"blog is paused by {pwd.getpwuid(os.getuid()).pw_name} until " in blog("pause", "blog").out
    monkeypatch.setenv("SUDO_USER", "ann")
    assert "blog is paused by ann until " in blog("pause", "blog").out
    assert "blog is paused by bob until " in blog("pause", "blog", "--owner", "bob").out


def test_maintenance_names_its_target_and_is_shown_with_its_reason(blog: Pcloud) -> None:
    ended = blog("maintenance", "blog/mysql", "--for", "30m", "--reason", "new\ndisks", "--owner", "ann")
    assert ended.code == 0
    assert ended.out.startswith("blog/mysql is in maintenance by ann until ")
    assert ended.out.endswith(": new disks\n")
    assert blog("maintenance").code == 2
    shown = blog("deployable", "status", "blog").out
    assert "blog/mysql is in maintenance by ann until " in shown


def test_a_resource_is_not_paused_by_itself(blog: Pcloud) -> None:
    for verb in ("pause", "maintenance", "resume"):
        ended = blog(verb, "blog/web/php")
        assert (ended.code, ended.out) == (4, "")
        assert "name its assembly: blog/web" in ended.err


def test_without_a_target_every_deployable_is_paused_and_resumed(blog: Pcloud) -> None:
    with open("shop.yaml", "w") as file:  # noqa: PTH123 - in the command's own directory
        file.write(BLOG.replace("deployable: blog", "deployable: shop"))
    blog("deployable", "create", "shop.yaml")
    ended = blog("pause", "--owner", "ann")
    assert ended.code == 0
    assert [line.split(" until ")[0] for line in ended.out.splitlines()] == ["blog is paused by ann", "shop is paused by ann"]
    ended = blog("resume", "--json")
    assert [(each["name"], each["pauses"]) for each in json.loads(ended.out)] == [("blog", []), ("shop", [])]
    assert blog("resume", "blog").out == "blog is not paused\n"


def test_pausing_everything_where_there_is_nothing_says_so(pcloud: Pcloud) -> None:
    ended = pcloud("pause")
    assert (ended.code, ended.out) == (0, "no deployable is registered\n")


def test_yes_and_no_reach_what_waits_and_are_refused_where_nothing_does(blog: Pcloud, controller: MemoryController) -> None:
    controller.words.waiting.update({"blog/web", "blog/mysql/mysqld"})
    assert blog("approve", "blog/web", "--owner", "ann").out.startswith("blog/web is approved; ")
    assert blog("deny", "blog/mysql", "--owner", "bob", "--reason", "not now").out.startswith("blog/mysql is denied; ")
    assert controller.words.said == [("ann", "yes"), ("bob", "no: not now")]
    ended = blog("approve", "blog")
    assert ended.code == 4
    assert "nothing of blog waits for a yes" in ended.err


def test_retry_and_cleanup_reach_their_target(blog: Pcloud, controller: MemoryController) -> None:
    controller.words.given_up.add("blog/web/php")
    assert blog("retry", "blog/web/php", "--owner", "ann").code == 0
    assert blog("cleanup", "blog", "--owner", "ann").code == 0
    assert controller.words.said == [("ann", "retry"), ("ann", "cleanup")]
    assert blog("retry", "blog").code == 4
    assert json.loads(blog("cleanup", "blog/web/php", "-o", "json").out)["name"] == "blog"


def test_the_table_says_what_a_recovery_waits_for_and_for_how_long(blog: Pcloud) -> None:
    now = datetime.now(UTC)
    status = DeployableStatus.model_validate_json(blog("deployable", "status", "blog", "--json").out)
    mysql = status.assemblies[0].model_copy(
        update={"reason": "silent", "held": "reboot held by storm: 3 of 5", "held_since": now - timedelta(seconds=185)}
    )
    lines = [line.plain for line in status_lines(status.model_copy(update={"assemblies": [mysql]}), now, 120)]
    assert any(line.endswith("silent; reboot held by storm: 3 of 5 (for 3m)") for line in lines)
