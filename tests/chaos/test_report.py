"""What a run came to, for people: every figure that must be nothing, and each finding with all that is known of it."""

from __future__ import annotations

from tests.chaos import report
from tests.chaos.evidence import Evidence, Line, Struck
from tests.chaos.run import Result
from tests.chaos.schedule import Fault

RECORD = {"choice": "act", "action": "reboot", "rule": "section 4"}
WRONG = Line(7, 3.0, "east-0", "db", "", "decided", "suspect", "failed", "silent", "east-0.7", RECORD)
BEGUN = Line(8, 3.5, "east-0", "db", "", "granted", "", "", "the guards let it begin", "east-0.7")


def test_a_finding_is_told_with_seed_faults_and_record() -> None:
    evidence = Evidence(lines=[WRONG, BEGUN], struck=[Struck(Fault(1, 1.0, "loss", (), 4.0), 1.0, 5.0)])
    text = report.whole(Result(evidence), 17, 3.0, report.judged(evidence))
    for words in (
        "1 findings (seed 17)",
        "healthy machine touched at 3.0: east-0/db: reboot: silent",
        "on: #1",
        "loss for 4 s",
        "'section 4'",
    ):
        assert words in text
    assert "| wrong actions | 1 | - needless |" in text
    assert "no recovery may come of them: loss 1." in text


def test_what_is_blocked_as_demanded_has_a_column_of_its_own() -> None:
    evidence = Evidence(unrecovered={"east-0": "blocked: east-0/db: fence: it is gone", "east-1": "held: no second sight"})
    text = report.counts(Result(evidence), report.judged(evidence))
    assert "| unrecovered | 1 | |" in text
    assert "| `blocked: fence`, as demanded | 1 | |" in text


def test_the_twin_stands_beside() -> None:
    twin = Evidence(struck=[Struck(Fault(1, 1.0, "machine-killed", ("east-0/db",), 0.0), 1.0, 1.0)])
    text = report.counts(Result(Evidence(), twin, [(2.0, "east-0/db"), (2.0, "west-1/one")]), [])
    assert "| recoveries |  | 2 made anew |" in text
    assert "| wrong actions | 0 | 1 needless |" in text
