from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.api.memory_controller import MemoryController
from tests.api.serving import Served
from tests.api.specs import BLOG
from tests.cli.conftest import Pcloud
from tests.cli.terminal import on_terminal
from tests.cli.test_terminal import sh, unstyled

pytestmark = pytest.mark.real

ALTERNATE, BACK = "\x1b[?1049h", "\x1b[?1049l"


@pytest.fixture
def place(served: Served) -> Path:
    (served.path.parent / "blog.yaml").write_text(BLOG)
    return served.path


def test_a_watched_status_is_live_and_gives_the_terminal_back_with_the_last_picture(place: Path, pcloud: Pcloud) -> None:
    pcloud("deployable", "start", "blog.yaml", "--no-wait")
    with on_terminal(place, "deployable", "status", "blog", "--watch") as terminal:
        terminal.until(lambda text: "starting" in text)
        terminal.until(lambda text: "\x1b[32mhealthy" in text)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 0
    assert terminal.text.startswith(ALTERNATE)
    _, _, rest = terminal.text.partition(BACK)
    assert "└─ web" in unstyled(rest)
    assert "\x1b[?25h" in terminal.text  # the cursor is back
    assert "Traceback" not in terminal.text


def test_a_watched_status_in_a_pipe_is_one_picture_for_each_change(place: Path, pcloud: Pcloud) -> None:
    pcloud("deployable", "start", "blog.yaml", "--no-wait")
    ended = sh(place, "pcloud status -w --json | head -3")
    states = [json.loads(line)[0]["assemblies"][0]["state"] for line in ended.stdout.splitlines()]
    assert len(set(states)) == 3
    ended = sh(place, "pcloud status blog -w | head -2")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.match(r"\d\d:\d\d:\d\d\nNAME", ended.stdout)
    assert "\x1b" not in ended.stdout


def test_a_daemon_that_goes_away_is_told_and_waited_for(place: Path, served: Served, controller: MemoryController, pcloud: Pcloud) -> None:
    pcloud("deployable", "start", "blog.yaml")
    with on_terminal(place, "status", "--watch") as terminal:
        terminal.until(lambda text: "mysqld" in text)
        served.stop()
        terminal.until(lambda text: "no daemon answers" in unstyled(text))
        terminal.text = ""
        with Served(controller, place):
            terminal.until(lambda text: "Ctrl-C ends this" in text)
            terminal.process.send_signal(signal.SIGINT)
            assert terminal.end() == 0


def test_all_deployables_are_shown_unless_one_is_named(pcloud: Pcloud, tmp_path: Path) -> None:
    assert pcloud("status").out.startswith("no deployable is registered; `pcloud deployable create FILE`")
    assert json.loads(pcloud("status", "--json").out) == []
    (tmp_path / "shop.yaml").write_text(BLOG.replace("deployable: blog", "deployable: shop"))
    pcloud("deployable", "start", "blog.yaml")
    pcloud("deployable", "create", "shop.yaml")
    ended = pcloud("status")
    assert ended.code == 5
    assert [line.split()[0] for line in ended.out.splitlines() if line[:1].isalpha()] == ["NAME", "blog", "NAME", "shop"]
    assert [one["name"] for one in json.loads(pcloud("status", "--json").out)] == ["blog", "shop"]
    assert pcloud("status", "blog").code == 0


def test_watching_what_is_not_there_is_exit_code_3(pcloud: Pcloud) -> None:
    ended = pcloud("status", "blgo", "--watch")
    assert (ended.code, ended.out) == (3, "")


def test_an_assembly_is_shown_with_its_resources_alone(pcloud: Pcloud, controller: MemoryController) -> None:
    controller.fate["web"] = ("provisioning", "blocked", "no such image")
    pcloud("deployable", "start", "blog.yaml")
    ended = pcloud("assembly", "status", "blog/web")
    assert ended.code == 5
    assert ended.out.splitlines()[1].split()[:2] == ["blog/web", "blocked"]
    assert "no such image" in ended.out
    assert "mysql" not in ended.out
    body = json.loads(pcloud("assembly", "status", "blog/mysql", "--json").out)
    assert (body["deployable"], body["name"], [one["name"] for one in body["resources"]]) == ("blog", "mysql", ["mysqld"])
    assert pcloud("assembly", "status", "blog/wep").code == 3
