"""``pcloud assembly evidence``: why instances were replaced, what they said last, and how to look at those that are still there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from pcloud.model.evidence import LastProbe
from pcloud.model.words import Verdict
from pcloud.records.evidence import InstanceEvidence, Whereabouts
from tests.api.memory_controller import MemoryController
from tests.cli.conftest import Pcloud

pytestmark = pytest.mark.real


def one(generation: int, whereabouts: Whereabouts, **more: object) -> InstanceEvidence:
    at = datetime.now(UTC) - timedelta(minutes=5)
    fields = {"instance": f"i-{generation}", "generation": generation, "infrastructure": "lab", "at": at, "whereabouts": whereabouts}
    return InstanceEvidence.model_validate(fields | more)


@pytest.fixture
def replaced(pcloud: Pcloud, controller: MemoryController) -> Pcloud:
    """A blog whose web was replaced twice: one instance is kept, one is gone."""
    assert pcloud("deployable", "create", "blog.yaml").code == 0
    probes = [LastProbe("php", "", Verdict.FAILED, "not running", 150.0), LastProbe("php", "http", Verdict.PASSED, "", 4.0)]
    console = "booting\r\n\tKernel \x1b[31mpanic - not syncing\n"
    kept = one(2, Whereabouts.KEPT, why="silent for 1m", decision="blog.7", console=console, probes=probes, unseen=61.0)
    kept.until = kept.at + timedelta(days=1)
    controller.last_words.kept = [kept, one(1, Whereabouts.GONE, why="ERROR")]
    controller.last_words.consoles["i-2"] = "all of\nit"
    return pcloud


def test_what_is_kept_is_shown_with_how_to_look_at_it(replaced: Pcloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    ended = replaced("assembly", "evidence", "blog/web")
    assert ended.code == 0
    rows = [line.split() for line in ended.out.splitlines()]
    assert (rows[1][:4], rows[2][:4]) == (["2", "i-2", "5m", "ago"], ["1", "i-1", "5m", "ago"])
    assert "no sign of life for the last 61s before" in ended.out
    assert "        Kernel \N{REPLACEMENT CHARACTER}[31mpanic - not syncing" in ended.out
    assert "i-2 stands at lab, switched off, with its own disk; its volumes are with its successor." in ended.out
    assert "pcloud pause blog/web, then start i-2 at its cloud" in ended.out
    assert ["php", "failed", "2m", "not", "running"] in rows


def test_of_one_that_is_gone_what_was_kept_is_all_that_is_left(replaced: Pcloud) -> None:
    ended = replaced("assembly", "evidence", "blog/web", "--generation", "1")
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "It is gone; this is all that is left of it.")
    ended = replaced("assembly", "evidence", "blog/web", "--generation", "1", "--console")
    assert (ended.code, "i-1 is gone: nobody has its console any more" in ended.err) == (4, True)


def test_the_console_is_the_clouds_of_now(replaced: Pcloud, controller: MemoryController) -> None:
    assert replaced("assembly", "evidence", "blog/web", "--console").out == "all of\nit\n"
    body = json.loads(replaced("assembly", "evidence", "blog/web", "--console", "--json").out)
    assert body == {"instance": "i-2", "console": "all of\nit"}
    controller.last_words.kept = []
    ended = replaced("assembly", "evidence", "blog/web", "--console")
    assert (ended.code, "no replaced instance of blog/web is still there" in ended.err) == (4, True)


def test_json_is_the_apis_own_body(replaced: Pcloud) -> None:
    first, second = json.loads(replaced("assembly", "evidence", "blog/web", "-o", "json").out)
    assert (first["generation"], first["whereabouts"], first["probes"][0]["verdict"]) == (2, "kept", "failed")
    assert (second["until"], second["console"]) == (None, "")


def test_where_nothing_was_replaced_that_is_said(replaced: Pcloud, controller: MemoryController) -> None:
    controller.last_words.kept = []
    ended = replaced("assembly", "evidence", "blog/web")
    assert (ended.code, ended.out) == (0, "nothing is kept of blog/web: no instance of it was replaced\n")


def test_what_makes_no_sense_is_said(replaced: Pcloud) -> None:
    ended = replaced("assembly", "evidence", "blog/web", "--generation", "9")
    assert (ended.code, "nothing is kept of generation 9 of blog/web" in ended.err) == (3, True)
    ended = replaced("assembly", "evidence", "blog/wbe")
    assert (ended.code, 'did you mean "web"?' in ended.err) == (3, True)
    assert replaced("assembly", "evidence", "blog").code == 2
    assert replaced("assembly", "evidence", "blog/web", "--generation", "first").code == 2
