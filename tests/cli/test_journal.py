"""``pcloud events`` and ``pcloud explain`` against the API."""

from __future__ import annotations

import json

import pytest
import yaml

from pcloud.model.guards import GuardVerdict
from pcloud.model.words import Guard
from tests.api.memory_controller import MemoryController
from tests.cli.conftest import Pcloud

pytestmark = pytest.mark.real


def test_events_are_the_last_ones_or_those_since_then(pcloud: Pcloud, controller: MemoryController) -> None:
    pcloud("deployable", "start", "blog.yaml")
    pcloud("deployable", "start", "blog")
    everything = pcloud("events").out.splitlines()
    assert everything[0].endswith("blog  stopped")
    assert pcloud("events", "-n", "2").out.splitlines() == everything[-2:]
    assert pcloud("events", "--since", "1h", "-n", "1").out.splitlines() == everything
    assert pcloud("events", "blog/web", "-n", "1").out.splitlines()[0].endswith("blog/web  starting → healthy")
    assert [one["seq"] for one in json.loads(pcloud("events", "--json").out)] == [one.seq for one in controller.stored]
    assert json.loads(pcloud("events", "--json", "-n", "1").out)[0]["from"] == "starting"


def test_alerts_stand_out_among_the_events_once_and_can_be_shown_alone(pcloud: Pcloud, controller: MemoryController) -> None:
    pcloud("deployable", "create", "blog.yaml")
    controller.report("blog", "web", kind="decided", before="suspect", to="held", reason="unreachable", alert=True)
    controller.report("blog", "web", kind="changed", before="held", to="healthy")
    everything = pcloud("events").out.splitlines()
    assert [line.split("  ", 1)[1] for line in everything] == ["stopped", "ALERT  suspect → held: unreachable", "held → healthy"]
    for words in (["--alerts"], ["--kind", "alert"], ["blog/web", "--alerts"], ["--alerts", "--since", "1h"]):
        (line,) = pcloud("events", *words).out.splitlines()
        assert line.endswith(" blog/web  ALERT  unreachable")
    kinds = [one["kind"] for one in json.loads(pcloud("events", "--json").out)]
    assert kinds == ["deployable-created", "decided", "alert", "changed"]
    assert pcloud("events", "--kind", "nothing").out == ""


def test_who_let_a_recovery_begin_is_a_line_where_just_that_is_asked_for(pcloud: Pcloud, controller: MemoryController) -> None:
    pcloud("deployable", "create", "blog.yaml")
    storm = GuardVerdict(Guard.STORM, passed=True, numbers="1 of 8 unhealthy, at most 3")
    for _ in range(3):
        controller.report("blog", "web", kind="changed", to="failed")
        controller.report("blog", "web", kind="granted", reason="the guards let it begin", guards=(storm,))
    assert [line.split("  ", 1)[1] for line in pcloud("events").out.splitlines()] == ["stopped", *["failed"] * 3]
    assert len(pcloud("events", "-n", "1").out.splitlines()) == 1
    assert len(pcloud("events", "--since", "1h").out.splitlines()) == 4
    line = pcloud("events", "--kind", "granted", "-n", "1").out
    assert line.endswith("blog/web  granted: the guards let it begin: storm let it pass (1 of 8 unhealthy, at most 3)\n")
    everything = json.loads(pcloud("events", "--json").out)
    assert [one["kind"] for one in everything].count("granted") == 3
    assert everything[-1]["guards"] == [{"guard": "storm", "passed": True, "numbers": "1 of 8 unhealthy, at most 3"}]


def test_decisions_are_explained_in_sentences_and_for_programs(pcloud: Pcloud) -> None:
    pcloud("deployable", "start", "blog.yaml")
    assert pcloud("explain", "blog/web/php").out == "Nothing was decided about blog/web/php yet.\n"
    assert json.loads(pcloud("explain", "blog", "--json").out) == []
    for assembly in ("mysql", "web"):
        pcloud("assembly", "reboot", f"blog/{assembly}")
    told = pcloud("explain", "blog").out
    assert "it was decided to reboot blog/web (decision blog." in told
    assert "the operator asked for a reboot" in told
    assert "blog/mysql" not in told
    both = pcloud("explain", "blog", "--last", "2").out.split("\n\n")
    assert ["blog/mysql" in both[0], "blog/web" in both[1]] == [True, True]
    (body,) = json.loads(pcloud("explain", "blog/mysql", "--json").out)
    assert body["decision"]["record"]["action"] == "reboot"
    assert yaml.safe_load(pcloud("explain", "blog/mysql", "-o", "yaml").out) == [body]
