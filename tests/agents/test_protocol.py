"""The watcher's lines, and what exit statuses mean; no machine is needed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.probes import Probe, inside_probes
from agents.ssh.pacing import Pace
from agents.statuses import AGENT, COMMAND
from agents.watcher.protocol import Beat, Begun, Foreign, Provisioned, Result, Stopping, parse
from pcloud.model.plan import AssemblyPlan, Check, CommandCheck, ResourcePlan, SystemdAgent
from pcloud.model.words import Origin, Verdict


@given(st.binary(max_size=200))
def test_no_line_whatsoever_is_an_error(line: bytes) -> None:
    parse(line)


def test_each_line_is_understood() -> None:
    assert parse(b"h") == Beat()
    assert parse(b"stopping") == Stopping()
    assert parse(b"pcloud-watcher 1 abc") == Begun("abc")
    assert parse(b"pcloud-watcher 2 abc what else it may say") == parse(b"pcloud-watcher 2") == Foreign("2")
    assert parse(b"r 3.12 7 not running: it's  \xc3\xa4 gone ") == Result(3, 12, "7", "not running: it's  ä gone")
    assert parse(b"r 3.12 0 ") == Result(3, 12, "0", "")
    assert parse(b"p 1 one\x01two words\x01") == Provisioned("1", "one\ntwo words")


def test_half_lines_and_noise_are_none_of_ours() -> None:
    for line in (
        b"",
        b"r",
        b"r 3",
        b"r x.y 0 ",
        b"hello",
        b"stopping now",
        b"pcloud-watcher",
        b"pcloud-watcher x abc",
        b"pcloud-watcher 1 ",
        b"Welcome to Debian",
    ):
        assert parse(line) is None, line


def test_what_cannot_be_printed_is_left_out() -> None:
    assert parse(b"r 1.0 1 a\x1b[31mred\x07") == Result(1, 0, "1", "a[31mred")


def test_exit_statuses_are_judged_by_whose_they_are() -> None:
    ours = Probe("db", "", "", 5, 5, AGENT)
    theirs = Probe("db", "c", "", 5, 5, COMMAND)
    verdicts = [ours.judge(status, "").verdict for status in ("0", "7", "96", "97", "1", "timeout", "137")]
    assert verdicts == [Verdict.PASSED, Verdict.FAILED, Verdict.PENDING, Verdict.UNKNOWN, *[Verdict.MISSED] * 3]
    assert [theirs.judge(status, "").verdict for status in ("0", "7", "96", "127")] == [
        Verdict.PASSED,
        Verdict.MISSED,
        Verdict.MISSED,
        Verdict.UNKNOWN,
    ]


def test_reasons_are_sentences_for_people() -> None:
    assert Probe("db", "", "", 5, 5, AGENT).judge("7", "failed (signal)").reason == "failed (signal)"
    assert Probe("db", "", "", 5, 2.5, AGENT).judge("timeout", "").reason == "timed out after 2.5s"
    assert Probe("db", "c", "", 5, 5, COMMAND).judge("141", "yyy").reason == "printed without end and was stopped: yyy"


def test_only_checks_from_inside_run_inside() -> None:
    checks = (Check("in", CommandCheck("true")), Check("out", CommandCheck("true"), origin=Origin.CONTROLLER))
    probes = inside_probes(AssemblyPlan("web", "lab", resources=(ResourcePlan("web", SystemdAgent("apache2.service"), checks),)))
    assert [(probe.resource, probe.key) for probe in probes] == [("web", ""), ("web", "in")]


def test_attempts_come_at_once_and_then_ever_slower() -> None:
    pace = Pace()
    assert [pace.broke(100), *[pace.missed() for _ in range(7)]] == [0, 1, 2, 4, 8, 15, 15, 15]
    assert [pace.broke(1), pace.broke(100), pace.missed()] == [1, 0, 1]
    assert [pace.unclear() for _ in range(5)] == [2, 4, 8, 15, 15]
