from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.api.memory_controller import MemoryController
from tests.api.serving import Served
from tests.cli.conftest import Pcloud

pytestmark = pytest.mark.real

NEED_A_DAEMON = [
    ["deployable", "create", "blog.yaml"],
    ["deployable", "start", "blog"],
    ["deployable", "stop", "blog"],
    ["deployable", "status", "blog"],
    ["deployable", "list"],
    ["deployable", "delete", "blog"],
    ["assembly", "list"],
    ["assembly", "reboot", "blog/web"],
    ["assembly", "relaunch", "blog/web"],
    ["assembly", "ssh", "blog/web"],
    ["resource", "list"],
    ["resource", "restart", "blog/web/php"],
    ["events"],
    ["events", "-f"],
    ["explain", "blog"],
    ["deployable", "show", "blog"],
    ["deployable", "show", "blog", "--effective"],
    ["replay", "blog"],
]


@pytest.mark.parametrize("command", NEED_A_DAEMON, ids=" ".join)
def test_no_daemon_is_exit_code_6_and_says_how_to_start_one(alone: Pcloud, command: list[str]) -> None:
    ended = alone(*command)
    assert (ended.code, ended.out) == (6, "")
    assert ended.err.startswith("error: no daemon answers on ")
    assert "pcloud-cped" in ended.err


@pytest.mark.parametrize(
    "command", [command for command in NEED_A_DAEMON if "blog" in " ".join(command) and "create" not in command], ids=" ".join
)
def test_an_unknown_name_is_exit_code_3_and_comes_with_the_nearest(pcloud: Pcloud, command: list[str]) -> None:
    assert pcloud("deployable", "create", "blog.yaml").code == 0
    ended = pcloud(*[word.replace("blog", "blgo") for word in command])
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == 'error: there is no deployable blgo\n  did you mean "blog"?\n'


@pytest.mark.parametrize(
    ("command", "nearest"),
    [
        (["assembly", "reboot", "blog/wep"], "web"),
        (["assembly", "ssh", "blog/wep"], "web"),
        (["resource", "list", "blog/mysq"], "mysql"),
        (["resource", "restart", "blog/web/phb"], "php"),
        (["events", "blog/web/phb"], "php"),
        (["explain", "blog/wep"], "web"),
        (["explain", "blog/web/phb"], "php"),
    ],
    ids=str,
)
def test_an_unknown_part_comes_with_the_nearest(pcloud: Pcloud, command: list[str], nearest: str) -> None:
    pcloud("deployable", "create", "blog.yaml")
    ended = pcloud(*command)
    assert ended.code == 3
    assert f'did you mean "{nearest}"?' in ended.err


@pytest.mark.parametrize(
    "command",
    [
        ["nothing"],
        ["deployable", "start"],
        ["assembly", "reboot", "blog"],
        ["assembly", "reboot", "blog/web/php"],
        ["resource", "restart", "blog/web"],
        ["resource", "list", "a/b/c"],
        ["deployable", "status", "blog/web"],
        ["deployable", "list", "-o", "xml"],
        ["events", "--since", "yesterday"],
        ["events", "//"],
        ["events", "--alerts", "--kind", "decided"],
        ["explain"],
        ["explain", "blog", "--last", "0"],
        ["deployable", "start", "blog", "--timeout", "soon"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_exit_code_2_with_usage_on_standard_error(alone: Pcloud, command: list[str]) -> None:
    ended = alone(*command)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: pcloud")
    assert "Error: " in ended.err


def test_a_deployable_starts_from_its_file_line_by_line_when_piped(pcloud: Pcloud) -> None:
    ended = pcloud("deployable", "start", "./blog.yaml", "--timeout", "1m")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    mine = [line.split("  ")[1] for line in lines if "blog/mysql" in line]
    assert mine[-3:] == ["booting → provisioning", "provisioning → starting", "starting → healthy"]
    assert lines[-1] == "blog is healthy"


def test_a_deployable_stops_by_its_name(pcloud: Pcloud) -> None:
    pcloud("deployable", "start", "blog.yaml")
    ended = pcloud("deployable", "stop", "blog")
    assert ended.code == 0
    assert ended.out.endswith("blog is stopped\n")


def test_start_does_not_wait_if_told_so(pcloud: Pcloud) -> None:
    ended = pcloud("deployable", "start", "blog.yaml", "--no-wait")
    assert ended.code == 0
    assert "goes on in the background" in ended.out


def test_a_start_that_gets_stuck_is_exit_code_5_with_the_reason(pcloud: Pcloud, controller: MemoryController) -> None:
    controller.fate["web"] = ("provisioning", "blocked", "no such image\x1b[2J")
    ended = pcloud("deployable", "start", "blog.yaml")
    assert ended.code == 5
    assert ended.err.startswith("error: blog/web blocked: no such image\N{REPLACEMENT CHARACTER}[2J\n")
    assert "pcloud events blog" in ended.err


def test_a_start_that_takes_too_long_is_exit_code_7(pcloud: Pcloud, controller: MemoryController) -> None:
    controller.fate["web"] = ("provisioning", "provisioning", "slow")
    controller.fate["mysql"] = ("starting", "provisioning", "slow")
    ended = pcloud("deployable", "start", "blog.yaml", "--timeout", "0s")
    assert ended.code == 7
    assert "goes on in the background" in ended.err


def test_another_content_under_the_same_name_is_refused_and_replaced_only_when_asked(pcloud: Pcloud, tmp_path: Path) -> None:
    pcloud("deployable", "create", "blog.yaml")
    assert pcloud("deployable", "create", "blog.yaml").code == 0
    (tmp_path / "blog.yaml").write_text((tmp_path / "blog.yaml").read_text() + "# changed\n")
    ended = pcloud("deployable", "create", "blog.yaml")
    assert ended.code == 4
    assert "another content" in ended.err
    assert pcloud("deployable", "create", "blog.yaml", "--replace").code == 0


def test_status_is_a_tree_and_exit_code_5_unless_healthy(pcloud: Pcloud) -> None:
    pcloud("deployable", "create", "blog.yaml")
    ended = pcloud("deployable", "status", "blog")
    assert ended.code == 5
    assert "stopped" in ended.out
    pcloud("deployable", "start", "blog")
    ended = pcloud("deployable", "status", "blog")
    assert ended.code == 0
    names = [line.split()[0] if line[0].isalpha() else line.split("─ ")[1].split()[0] for line in ended.out.splitlines()]
    assert names == ["NAME", "blog", "mysql", "mysqld", "web", "php"]
    assert "#1 127.9.9.9" in ended.out


def test_status_for_programs_is_the_apis_body(pcloud: Pcloud) -> None:
    pcloud("deployable", "start", "blog.yaml")
    body = json.loads(pcloud("deployable", "status", "blog", "--json").out)
    assert body["state"] == "healthy"
    assert set(body["assemblies"][0]) >= {"name", "state", "infrastructure", "instance", "resources"}
    assert set(body["assemblies"][0]["instance"]) >= {"id", "generation", "address"}
    assert set(body["assemblies"][0]["resources"][0]) >= {"name", "state", "reason", "since"}
    assert body["assemblies"][0]["since"].endswith("Z")
    assert yaml.safe_load(pcloud("deployable", "status", "blog", "-o", "yaml").out)["name"] == "blog"


@pytest.mark.parametrize(
    "command",
    [
        ["deployable", "list"],
        ["assembly", "list"],
        ["assembly", "list", "blog"],
        ["resource", "list"],
        ["resource", "list", "blog/web"],
        ["events"],
    ],
    ids=" ".join,
)
def test_every_list_comes_as_table_json_and_yaml(pcloud: Pcloud, command: list[str]) -> None:
    pcloud("deployable", "start", "blog.yaml")
    assert "blog" in pcloud(*command).out
    as_json = json.loads(pcloud(*command, "-o", "json").out)
    assert as_json
    assert isinstance(as_json, list)
    assert len(yaml.safe_load(pcloud(*command, "-o", "yaml").out)) == len(as_json)
    assert all(line == line.rstrip() for line in pcloud(*command).out.splitlines())


@pytest.mark.parametrize("verb", [["start", "blog.yaml"], ["stop", "blog"], ["create", "blog.yaml"]], ids=str)
def test_what_changes_something_answers_programs_with_the_status_alone(pcloud: Pcloud, verb: list[str]) -> None:
    pcloud("deployable", "create", "blog.yaml")
    ended = pcloud("deployable", *verb, "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["name"] == "blog"


def test_targets_are_acted_on_by_hand(pcloud: Pcloud, controller: MemoryController) -> None:
    pcloud("deployable", "start", "blog.yaml")
    assert pcloud("assembly", "reboot", "blog/web").out.startswith("blog/web reboots")
    assert pcloud("assembly", "relaunch", "blog/web").code == 0
    assert pcloud("resource", "restart", "blog/web/php").code == 0
    reasons = [event.reason for event in controller.stored]
    assert [one for one in reasons if "operator" in one] == [
        "the operator asked for a reboot",
        "the operator asked for a relaunch",
        "the operator asked for a restart of php",
    ]


def test_only_a_stopped_deployable_is_deleted(pcloud: Pcloud) -> None:
    pcloud("deployable", "start", "blog.yaml")
    assert pcloud("deployable", "delete", "blog").code == 4
    pcloud("deployable", "stop", "blog")
    assert pcloud("deployable", "delete", "blog").out == "blog is deleted\n"
    assert pcloud("deployable", "status", "blog").code == 3


def test_a_deletion_is_told_to_programs_too(pcloud: Pcloud) -> None:
    for words, read in ((["--json"], json.loads), (["-o", "yaml"], yaml.safe_load)):
        pcloud("deployable", "create", "blog.yaml")
        ended = pcloud("deployable", "delete", "blog", *words)
        assert (ended.code, read(ended.out)) == (0, {"name": "blog", "deleted": True})


def test_volumes_are_deleted_only_with_a_yes(pcloud: Pcloud, controller: MemoryController) -> None:
    pcloud("deployable", "create", "blog.yaml")
    ended = pcloud("deployable", "delete", "blog", "--volumes")
    assert ended.code == 4
    assert "--yes" in ended.err
    assert controller.deleted_volumes == []
    assert pcloud("deployable", "delete", "blog", "--volumes", "--yes").code == 0
    assert controller.deleted_volumes == ["blog"]


def test_a_bug_is_one_line_that_says_how_to_see_more(pcloud: Pcloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.delenv("PCLOUD_DEBUG", raising=False)
    monkeypatch.setattr("pcloud.client.Client.list_deployables", broken)
    ended = pcloud("deployable", "list")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "error: a bug in pcloud: ZeroDivisionError: oops; set PCLOUD_DEBUG=1 to see its traceback\n"
    monkeypatch.setenv("PCLOUD_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        pcloud("deployable", "list")


def test_a_spec_that_the_daemon_refuses_is_told_line_by_line(pcloud: Pcloud, tmp_path: Path, served: Served) -> None:
    (tmp_path / "bad.yaml").write_text("deployable: blog\nassemblies: [\n")
    ended = pcloud("deployable", "create", "bad.yaml")
    assert ended.code == 1
    assert ended.err.startswith(f"{tmp_path}/bad.yaml:3:")


def test_a_missing_file_is_not_found(pcloud: Pcloud) -> None:
    ended = pcloud("deployable", "start", "./nowhere.yaml")
    assert (ended.code, ended.err) == (3, "error: there is no file ./nowhere.yaml\n")


@pytest.mark.parametrize("command", ["events", "explain"])
def test_a_target_may_be_a_name_that_nothing_else_has(pcloud: Pcloud, command: str) -> None:
    pcloud("deployable", "start", "blog.yaml")
    pcloud("assembly", "reboot", "blog/mysql")
    ended = pcloud(command, "mysql")
    assert ended.code == 0
    assert "blog/mysql" in ended.out
    assert "blog/web" not in ended.out


def test_a_name_of_several_targets_comes_with_all_of_them(pcloud: Pcloud, tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text((tmp_path / "blog.yaml").read_text().replace("deployable: blog", "deployable: shop"))
    pcloud("deployable", "create", "blog.yaml")
    pcloud("deployable", "create", "shop.yaml")
    ended = pcloud("events", "--since", "1h", "mysql")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: mysql is the name of 2 targets\n  say which: blog/mysql, shop/mysql\n"


def test_a_deployable_comes_before_what_else_has_its_name(pcloud: Pcloud, tmp_path: Path) -> None:
    (tmp_path / "web.yaml").write_text((tmp_path / "blog.yaml").read_text().replace("deployable: blog", "deployable: web"))
    pcloud("deployable", "create", "blog.yaml")
    pcloud("deployable", "create", "web.yaml")
    assert {event["deployable"] for event in json.loads(pcloud("events", "web", "--json").out)} == {"web"}


def test_events_of_what_is_deleted_are_still_told(pcloud: Pcloud) -> None:
    pcloud("deployable", "create", "blog.yaml")
    pcloud("deployable", "delete", "blog")
    assert "deployable-deleted" in pcloud("events", "blog").out
