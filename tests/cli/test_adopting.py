"""``pcloud assembly adopt``: what it shows, what it asks, and what it says is next."""

from __future__ import annotations

import json

import pytest

from tests.api.memory_adoptions import HOST_KEY
from tests.api.memory_controller import MemoryController
from tests.api.serving import Served
from tests.cli.conftest import Pcloud
from tests.cli.terminal import on_terminal

pytestmark = pytest.mark.real

WORDS = ("assembly", "adopt", "blog/web", "--instance", "i-7")


@pytest.fixture
def blog(pcloud: Pcloud, controller: MemoryController) -> Pcloud:
    """A deployable without machines, beside a machine that is there."""
    assert pcloud("deployable", "create", "blog.yaml").code == 0
    controller.adoptions.machines.add("i-7")
    return pcloud


def test_a_host_key_that_somebody_knows_needs_no_question(blog: Pcloud, controller: MemoryController) -> None:
    ended = blog(*WORDS, "--host-key", HOST_KEY)
    assert (ended.code, ended.err) == (0, "")
    assert "i-7 at local: ann@127.0.0.9 port 22\nhost key SHA256:" in ended.out
    assert "adopt one as well, or `pcloud deployable start blog` launches it" in ended.out
    assert controller.adoptions.adopted == {"blog/web": "i-7"}
    assert json.loads(blog(*WORDS, "--host-key", HOST_KEY, "--json").out)["name"] == "blog"


def test_a_key_that_nobody_vouches_for_is_not_taken_without_a_yes_not_even_with_yes(blog: Pcloud, controller: MemoryController) -> None:
    for more in ((), ("--yes",)):
        ended = blog(*WORDS, *more)
        assert ended.code == 4
        assert "nobody vouches for the host key of i-7: it offers SHA256:" in ended.err
        assert f"--host-key '{HOST_KEY}'" in ended.err
    assert controller.adoptions.adopted == {}


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 4), ("", 4)])
def test_on_a_terminal_it_is_asked_for(blog: Pcloud, served: Served, controller: MemoryController, answer: str, code: int) -> None:
    with on_terminal(served.path, *WORDS, width=200) as terminal:
        terminal.until(lambda text: "the host key of i-7?" in text)
        terminal.write(f"{answer}\n")
        assert terminal.end() == code
    assert bool(controller.adoptions.adopted) is (code == 0)


def test_an_instance_that_would_be_taken_for_dead_needs_a_yes(blog: Pcloud, controller: MemoryController) -> None:
    controller.adoptions.replaces = "i-3"
    refused = blog(*WORDS, "--host-key", HOST_KEY)
    assert refused.code == 4
    assert "i-3 is taken for dead only with a yes" in refused.err
    assert blog(*WORDS, "--host-key", HOST_KEY, "--yes").code == 0


def test_what_is_missing_or_wrong_is_said(blog: Pcloud) -> None:
    for arguments, code in (
        (("assembly", "adopt"), 2),
        (("assembly", "adopt", "blog/web"), 2),
        (("assembly", "adopt", "blog", "--instance", "i-7"), 2),
        (("assembly", "adopt", "blog/wbe", "--instance", "i-7"), 3),
        (("assembly", "adopt", "blog/web", "--instance", "i-8"), 3),
        ((*WORDS, "--host-key", "xyzzy"), 4),
        (("assembly", "adopt", "blog/web", "--instance", ""), 2),
    ):
        ended = blog(*arguments)
        assert ended.code == code, (arguments, ended)
        assert ended.err
