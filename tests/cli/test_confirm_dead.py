"""``pcloud assembly confirm-dead``: why it is waited for is said, and a yes is asked for."""

from __future__ import annotations

import json

import pytest

from tests.api.memory_controller import MemoryController
from tests.api.serving import Served
from tests.cli.conftest import Pcloud
from tests.cli.terminal import on_terminal

pytestmark = pytest.mark.real

REASON = "fence: i-web is gone without our doing; it may still write"


@pytest.fixture
def blocked(pcloud: Pcloud, controller: MemoryController) -> Pcloud:
    controller.fate["web"] = ("provisioning", "blocked", REASON)
    assert pcloud("deployable", "start", "blog.yaml").code != 0
    controller.words.fenceless = {"blog/web"}
    return pcloud


def test_without_a_terminal_a_yes_is_asked_for(blocked: Pcloud, controller: MemoryController) -> None:
    ended = blocked("assembly", "confirm-dead", "blog/web")
    assert (ended.code, ended.out) == (4, "")
    assert ended.err == "error: that the instance of blog/web is dead is believed only with a yes\n  add --yes\n"
    ended = blocked("assembly", "confirm-dead", "blog/web", "--yes", "--owner", "ann", "--reason", "burnt")
    assert (ended.code, ended.out) == (0, "blog/web is relaunched; see `pcloud events -f blog`\n")
    assert controller.words.said == [("ann", "dead: burnt")]


def test_json_is_the_apis_own_body(blocked: Pcloud) -> None:
    assert json.loads(blocked("assembly", "confirm-dead", "blog/web", "--yes", "--json").out)["name"] == "blog"


def test_what_does_not_wait_is_refused_without_a_question(blocked: Pcloud, controller: MemoryController) -> None:
    controller.words.fenceless = set()
    for assembly in ("blog/web", "blog/mysql"):
        ended = blocked("assembly", "confirm-dead", assembly, "--yes")
        assert (ended.code, ended.out) == (4, "")
    assert "is believed only" not in blocked("assembly", "confirm-dead", "blog/mysql").err


def test_an_unknown_one_and_a_whole_deployable_are_errors(blocked: Pcloud) -> None:
    ended = blocked("assembly", "confirm-dead", "blog/wbe", "--yes")
    assert (ended.code, 'did you mean "web"?' in ended.err) == (3, True)
    assert blocked("assembly", "confirm-dead", "blog").code == 2


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 4), ("", 4)])
def test_on_a_terminal_why_it_is_waited_for_is_said_and_only_a_yes_is_a_yes(
    blocked: Pcloud, served: Served, controller: MemoryController, answer: str, code: int
) -> None:
    with on_terminal(served.path, "assembly", "confirm-dead", "blog/web", width=200) as terminal:
        terminal.until(lambda text: "Is it dead" in text)
        assert f"blog/web is blocked: {REASON}" in terminal.text
        terminal.write(f"{answer}\n")
        assert terminal.end() == code
    assert bool(controller.words.said) is (code == 0)
