"""Explanations as people read them, one text for each thing that a decision can come to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pcloud.model.actions import Decision
from pcloud.model.guards import GuardVerdict
from pcloud.model.words import Choice, Guard, Rung
from pcloud.records.event import EventRecord
from pcloud.records.explanation import Explanation
from pcloud.screen.explaining import explanation_lines

NOW = datetime(2025, 3, 9, 11, 1, 3, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "explained"
MYSQLD, MYSQL = ("mysql", "mysqld"), ("mysql", None)


def event(seq: int, after: float, place: tuple[str | None, str | None], reason: str = "", **more: object) -> EventRecord:
    words: dict[str, object] = {"kind": "changed", "assembly": place[0], "resource": place[1], "reason": reason}
    return EventRecord.model_validate(
        {"id": str(seq), "seq": seq, "at": NOW + timedelta(seconds=after), "deployable": "shop"} | words | more
    )


def decided(record: Decision, place: tuple[str | None, str | None], reason: str, after: float = 0.0, **more: object) -> EventRecord:
    return event(int(10 + after), after, place, reason, kind="decided", decision=record.id, record=record, **more)


RESTART = Decision(
    "shop.7", Choice.ACT, "section 3.2", Rung.RESTART, Rung.RESTART, 1, 3, 600.0, ("not running",), "restart again", before=0
)
REBOOT = Decision(
    "shop.9",
    Choice.ACT,
    "section 4",
    Rung.REBOOT,
    Rung.REBOOT,
    2,
    2,
    3600.0,
    ("silent for 60s (connection refused), and web no longer reaches port 22",),
    "relaunch",
    before=1,
)
PERMITTED = "silent for 60s; failure 2 of 2 in 1h: rebooting in 30s"
PASSED = (
    GuardVerdict(Guard.STORM, passed=True, numbers="1 of 8 unhealthy, at most 3"),
    GuardVerdict(Guard.DEPLOYABLE_CAP, passed=True, numbers="0 in flight, at most 1"),
)


def granted(seq: int, after: float, place: tuple[str | None, str | None], decision: str) -> EventRecord:
    return event(seq, after, place, "the guards let it begin", kind="granted", decision=decision, guards=PASSED)


WELL = Decision("shop.8", Choice.RECOVERED, "section 3.3", rung=Rung.RESTART, evidence=("shop.7",))

CASES = {
    "act": Explanation(
        decision=decided(RESTART, MYSQLD, "not running; failure 1 of 3 in 10m: restarting", from_="healthy", to="failed"),
        events=[
            granted(10, 0.0, MYSQLD, "shop.7"),
            event(11, 0.2, MYSQLD, "restarted, verifying", from_="failed", to="recovering", decision="shop.7"),
            event(12, 1.5, MYSQLD, "verified", kind="decided", from_="recovering", to="healthy", decision="shop.8", record=WELL),
        ],
    ),
    "act with guards, and it did not help": Explanation(
        decision=decided(REBOOT, MYSQL, PERMITTED),
        events=[
            granted(10, 30.0, MYSQL, "shop.9"),
            event(11, 30.0, MYSQL, "hard reboot", from_="rebooting", to="booting", decision="shop.9"),
        ],
        next=event(
            12,
            402.0,
            MYSQL,
            "not up 5m after its reboot; reboot failure 3 of 2 in 1h; failure 1 of 2 in 6h: relaunching",
            kind="decided",
            decision="shop.12",
            record=Decision("shop.12", Choice.ACT, "section 3.2", Rung.RELAUNCH),
        ),
    ),
    "act that nothing has come of": Explanation(decision=decided(REBOOT, MYSQL, PERMITTED)),
    "start": Explanation(
        decision=decided(Decision("shop.1", Choice.ACT, "start", Rung.RELAUNCH), MYSQL, "the operator asked for it to run"),
        events=[
            event(11, 0.0, MYSQL, "generation 1", from_="waiting", to="launching", decision="shop.1"),
            event(12, 12.0, ("mysql", "mysqld"), from_="unknown", to="healthy", decision="shop.1"),
            event(13, 12.0, MYSQL, from_="verifying", to="healthy", decision="shop.1"),
        ],
    ),
    "manual": Explanation(
        decision=decided(Decision("shop.2", Choice.ACT, "manual", Rung.RELAUNCH), MYSQL, "the operator asked for a relaunch"),
    ),
    "act without an action": Explanation(
        decision=decided(
            Decision("shop.3", Choice.ACT, "section 3.3", None, Rung.REBOOT, 1, 0, 3600.0, next="reboot again"),
            MYSQL,
            "it rebooted by itself; failure 1 in 1h, never escalates: starting what runs on it",
        ),
    ),
    "hold without a second sight": Explanation(
        decision=decided(
            Decision("shop.4", Choice.HOLD, "section 4", evidence=("no second sight",)),
            MYSQL,
            "no second sight",
            from_="suspect",
            to="held",
            alert=True,
        ),
        events=[event(11, 0.0, MYSQL, "no second sight", kind="alert", decision="shop.4", alert=True)],
    ),
    "hold by a guard": Explanation(
        decision=decided(
            Decision(
                "shop.5",
                Choice.HOLD,
                "section 5",
                Rung.REBOOT,
                Rung.REBOOT,
                2,
                2,
                3600.0,
                ("silent for 60s",),
                "it begins as soon as the guards let it",
                guards=(
                    GuardVerdict(Guard.PAUSE, passed=True),
                    GuardVerdict(Guard.STORM, passed=False, numbers="4 of 8 unhealthy, at most 3"),
                ),
            ),
            MYSQL,
            "held by storm: 4 of 8 unhealthy, at most 3",
        ),
    ),
    "hold in mode observe": Explanation(
        decision=decided(
            Decision(
                "shop.6", Choice.HOLD, "section 3.2", Rung.RESTART, Rung.RESTART, 2, 3, 600.0, ("status 500",), "restart again", before=1
            ),
            MYSQLD,
            "status 500; failure 2 of 3 in 10m: would be restarting in 5s (observed only)",
        ),
    ),
    "hold in mode approve": Explanation(
        decision=decided(
            Decision("shop.6", Choice.HOLD, "section 3.2", Rung.REBOOT, Rung.REBOOT, 1, 2, 3600.0, ("silent",), "reboot again"),
            MYSQL,
            "silent; failure 1 of 2 in 1h: rebooting waits for approval",
        ),
        events=[event(11, 95.0, MYSQL, "ada approved it", kind="approved", decision="shop.6")],
    ),
    "freeze": Explanation(
        decision=decided(
            Decision(
                "shop.10",
                Choice.FREEZE,
                "section 5",
                Rung.RELAUNCH,
                Rung.RELAUNCH,
                1,
                2,
                21600.0,
                ("the cloud says ERROR",),
                "it begins as soon as the guards let it",
                guards=(GuardVerdict(Guard.ALL_SILENT, passed=False, numbers="2 of 2 silent, and the cloud calls them ACTIVE"),),
            ),
            MYSQL,
            "held by all_silent: 2 of 2 silent, and the cloud calls them ACTIVE",
        ),
    ),
    "suppress": Explanation(
        decision=decided(
            Decision("shop.11", Choice.SUPPRESS, "section 2", evidence=("timed out after 2s",), next="probed again when it is healthy"),
            ("web", "php"),
            "timed out after 2s; suppressed by mysql",
        ),
    ),
    "block": Explanation(
        decision=decided(
            Decision(
                "shop.12", Choice.BLOCK, "section 6", Rung.RELAUNCH, evidence=("fence",), next="relaunch, once somebody says confirm-dead"
            ),
            MYSQL,
            "fence: \x1b[2Jit cannot be told whether it still runs",
        ),
    ),
    "exhausted": Explanation(
        decision=decided(
            Decision("shop.13", Choice.EXHAUSTED, "section 3.7", evidence=("not running",), next="restart again, at max_delay"),
            MYSQL,
            "not running; reboot is the highest rung allowed: exhausted",
            alert=True,
        ),
    ),
    "recovered": Explanation(decision=decided(Decision("shop.14", Choice.RECOVERED, "section 3.3"), MYSQLD, "recovered by itself")),
    "a rule that is not known here": Explanation(
        decision=decided(Decision("shop.15", Choice.HOLD, "section 9.4"), MYSQL, "because"),
    ),
}


def shown(explanation: Explanation, width: int = 100) -> str:
    return "".join(f"{line.plain}\n" for line in explanation_lines([explanation], NOW, width))


@pytest.mark.parametrize("case", CASES)
def test_each_decision_reads_as_it_was_reviewed(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    golden = GOLDEN / f"{case.replace(' ', '-').replace(',', '')}.txt"
    text = shown(CASES[case]).replace(f"{NOW.astimezone():%H:%M:%S}", "HH:MM:SS")
    assert golden.exists(), f"write {golden}:\n{text}"
    assert text == golden.read_text()


def test_every_choice_has_a_text() -> None:
    assert {case.decision.record.choice for case in CASES.values() if case.decision.record} == set(Choice)


def test_sentences_are_wrapped_on_a_narrow_terminal_and_never_in_a_pipe() -> None:
    assert max(map(len, shown(CASES["act"], 60).splitlines())) <= 60
    assert len(shown(CASES["act"], 10_000).splitlines()) == 9


def test_several_are_separated_by_an_empty_line() -> None:
    lines = [line.plain for line in explanation_lines([CASES["act"], CASES["freeze"]], NOW, 10_000)]
    assert lines.count("") == 1
    assert list(explanation_lines([], NOW, 80)) == []
