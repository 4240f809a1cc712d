"""``pcloud takeover``: it says what it ends, asks for a yes, and tells what was taken over."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pcloud.records.status import DeployableStatus
from pcloud.screen.status import status_lines
from tests.api.memory_controller import MemoryController
from tests.api.serving import Served
from tests.api.specs import BLOG
from tests.cli.conftest import Pcloud
from tests.cli.terminal import on_terminal

pytestmark = pytest.mark.real

MOVED = "the store was moved here from another machine"


@pytest.fixture
def observed(pcloud: Pcloud, controller: MemoryController) -> Pcloud:
    """Two deployables, of which the blog is only observed."""
    with open("shop.yaml", "w") as file:  # noqa: PTH123 - in the command's own directory
        file.write(BLOG.replace("deployable: blog", "deployable: shop"))
    for spec in ("blog.yaml", "shop.yaml"):
        assert pcloud("deployable", "create", spec).code == 0
    controller.words.observed["blog"] = MOVED
    return pcloud


def test_no_daemon_is_exit_code_6_and_an_unknown_name_3_with_the_nearest(alone: Pcloud) -> None:
    assert alone("takeover").code == 6
    assert alone("takeover", "blog", "--yes").code == 6


def test_an_unknown_name_comes_with_the_nearest(observed: Pcloud) -> None:
    ended = observed("takeover", "blgo", "--yes")
    assert (ended.code, ended.out) == (3, "")
    assert 'did you mean "blog"?' in ended.err


def test_without_a_name_all_that_are_only_observed_are_taken_over(observed: Pcloud, controller: MemoryController) -> None:
    ended = observed("takeover", "--yes", "--owner", "ann", "--reason", "it is ours")
    assert (ended.code, ended.out) == (0, "blog is taken over; see `pcloud events -f blog`\n")
    assert controller.words.said == [("ann", "takeover: it is ours")]
    again = observed("takeover", "--yes")
    assert (again.code, again.out) == (0, "nothing is only observed: there is nothing to take over\n")


def test_json_is_the_apis_own_body(observed: Pcloud, controller: MemoryController) -> None:
    assert json.loads(observed("takeover", "blog", "--yes", "-o", "json").out)["name"] == "blog"
    assert json.loads(observed("takeover", "--yes", "--json").out) == []
    controller.words.observed["shop"] = MOVED
    (shop,) = json.loads(observed("takeover", "--yes", "--json").out)
    assert (shop["name"], shop["observing"]) == ("shop", "")


def test_what_nothing_keeps_from_acting_and_a_part_of_it_are_exit_code_4(observed: Pcloud) -> None:
    ended = observed("takeover", "shop", "--yes")
    assert (ended.code, ended.out) == (4, "")
    assert "shop is neither frozen nor only observed" in ended.err
    ended = observed("takeover", "blog/web", "--yes")
    assert ended.code == 4
    assert "only whole deployables can be taken over" in ended.err
    assert "name blog" in ended.err


def test_nothing_is_taken_over_without_a_yes(observed: Pcloud, controller: MemoryController) -> None:
    ended = observed("takeover")
    assert (ended.code, ended.out) == (4, "")
    assert "blog is taken over only with a yes" in ended.err
    assert "add --yes" in ended.err
    assert controller.words.observed == {"blog": MOVED}


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 4)])
def test_a_terminal_says_what_it_ends_and_asks(
    observed: Pcloud, served: Served, controller: MemoryController, answer: str, code: int
) -> None:
    with on_terminal(served.path, "takeover", width=200) as terminal:
        terminal.until(lambda text: "as the only one?" in text)
        assert f"blog is only observed: {MOVED}; `pcloud takeover blog` ends it" in terminal.text
        terminal.write(f"{answer}\n")
        assert terminal.end() == code
    assert ("blog" in controller.words.observed) is bool(code)


def test_what_is_frozen_must_be_named(observed: Pcloud, controller: MemoryController) -> None:
    controller.words.frozen["blog"] = "theirs is of generation 4"
    ended = observed("takeover", "--yes")
    assert (ended.code, ended.out) == (0, "nothing is only observed: there is nothing to take over\n")
    assert "blog is left out, it is frozen as well: theirs is of generation 4; pcloud takeover blog takes it over" in ended.err
    assert observed("takeover", "blog", "--yes").code == 0


def test_status_and_list_say_it(observed: Pcloud) -> None:
    assert f"blog is only observed: {MOVED}; `pcloud takeover blog` ends it" in observed("deployable", "status", "blog").out
    blog, shop = (line for line in observed("deployable", "list").out.splitlines() if line.startswith(("blog", "shop")))
    assert blog.endswith("; only observed")
    assert "observed" not in shop


def test_a_frozen_one_says_what_ends_that(observed: Pcloud) -> None:
    status = DeployableStatus.model_validate_json(observed("deployable", "status", "shop", "--json").out)
    lines = [line.plain for line in status_lines(status.model_copy(update={"stale": "theirs is newer"}), datetime.now(UTC), 200)]
    assert lines[-1] == "shop is frozen: theirs is newer; `pcloud takeover shop` ends it"
