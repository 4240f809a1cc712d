"""Each rule of the judge finds what is wrong, and nothing where all is right; without a world."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.chaos.applications import applications
from tests.chaos.evidence import Crowd, Double, Evidence, Line, Stock, Struck, Told
from tests.chaos.figures import course, needless, spread
from tests.chaos.judge import LAG, LATE_TWIN, Finding, Judge
from tests.chaos.schedule import Fault

APPLICATIONS = applications()
PAUSE = Told("paused", "east-0", 9.0, 9.5, "paused by customer-1 ")
PAUSED = Line(10, 9.4, "east-0", "", "", "paused", "", "", "paused by customer-1 for 1h: chaos", "")


def act(seq: int, stamp: float, assembly: str = "db", action: str = "restart", deployable: str = "east-0") -> Line:
    record = {"choice": "act", "action": action}
    return Line(seq, stamp, deployable, assembly, "", "failed", "healthy", "failed", "it is said to be dead", f"{deployable}:{seq}", record)


def acted(seq: int, stamp: float, assembly: str = "db", action: str = "restart") -> list[Line]:
    """Decided, and begun."""
    decided = act(seq, stamp, assembly, action)
    return [decided, replace(decided, seq=seq + 1, kind="granted", record=None)]


def struck(kind: str, *targets: str, at: float = 0.0, ended: float = 1.0, missed: str = "") -> Struck:
    return Struck(Fault(1, at, kind, targets, ended - at), at, ended, missed)


def rules(evidence: Evidence) -> list[str]:
    return [finding.rule for finding in found(evidence)]


def found(evidence: Evidence) -> list[Finding]:
    return Judge(evidence, APPLICATIONS).findings()


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert found(Evidence()) == []


def test_two_generations_at_once_are_found() -> None:
    assert rules(Evidence(doubles=[Double("east-0/db", 5, 6, (1, 2))])) == ["two generations"]


def test_a_twin_is_excused_by_an_infrastructure_that_answered_twice_if_it_is_off_soon() -> None:
    double = Double("east-0/web", 5, 15, (2, 2))
    twice = struck("api-twice", "east", ended=8)
    assert rules(Evidence(doubles=[double])) == ["two of a generation"]
    assert rules(Evidence(doubles=[double], struck=[struck("api-twice", "west", ended=8)])) == ["two of a generation"]
    assert rules(Evidence(doubles=[double], struck=[twice])) == []
    assert rules(Evidence(doubles=[replace(double, ended=20 + LATE_TWIN)], struck=[twice])) == ["twin not stopped"]


@pytest.mark.parametrize(
    "wrong", [act(11, 12.0), Line(11, 12.0, "east-0", "db", "", "granted", "", "", "", "east-0:2")], ids=["act", "granted"]
)
def test_a_recovery_while_paused_is_found(wrong: Line) -> None:
    evidence = Evidence(told=[PAUSE], lines=[PAUSED, wrong], struck=[struck("service-killed", "east-0/db", at=11.5, ended=11.6)])
    assert rules(evidence) == ["acted while paused"]
    over = Line(11, 11.0, "east-0", "", "", "resumed", "", "", "the pause is over: resumed by customer-1", "")
    assert rules(replace(evidence, lines=[PAUSED, over, replace(wrong, seq=12)])) == []
    assert (
        rules(
            replace(evidence, lines=[PAUSED, replace(wrong, deployable="north-1")], struck=[struck("service-killed", "north-1/db", at=11)])
        )
        == []
    )


def test_too_many_recoveries_in_flight_are_found() -> None:
    assert rules(Evidence(crowds=[Crowd(1, {"east-0": 1}, {"east": 5})])) == []
    assert rules(Evidence(crowds=[Crowd(1, {"east-0": 2}, {"east": 2})])) == ["cap"]
    assert rules(Evidence(crowds=[Crowd(1, {}, {"east": 6})] * 2)) == ["cap"]
    assert rules(Evidence(crowds=[Crowd(number, {}, {"east": 6 - number % 2}) for number in range(4)])) == ["cap", "cap"]


def test_more_relaunches_than_six_a_minute_are_found() -> None:
    names = [f"east-{number}" for number in range(7)]
    causes = [struck("machine-destroyed", f"{name}/{part.name}") for name in names for part in application(name).parts]
    decided = [act(number, 1.0, application(name).parts[0].name, "relaunch", name) for number, name in enumerate(names, 1)]
    granted = [
        Line(10 + each.seq, 1.0 + each.seq, each.deployable, each.assembly, "", "granted", "", "", "", each.decision) for each in decided
    ]
    assert rules(Evidence(lines=[*decided, *granted], struck=causes)) == ["cap"]
    assert rules(Evidence(lines=[*decided, *granted[:6], replace(granted[6], stamp=70.0)], struck=causes)) == []


def application(name: str):
    return next(each for each in APPLICATIONS if each.name == name)


def test_a_record_that_was_acknowledged_and_is_not_there_is_found() -> None:
    created = Told("created", "note-1", 1, 2)
    assert rules(Evidence(told=[created], stored={"note-1"})) == []
    assert rules(Evidence(told=[created])) == ["lost record"]
    assert rules(Evidence(told=[PAUSE])) == ["lost record"]
    assert rules(Evidence(told=[PAUSE], lines=[PAUSED])) == []
    assert rules(Evidence(shown={10: "east-0"}, lines=[PAUSED])) == []
    assert rules(Evidence(shown={10: "east-1", 11: "east-0"}, lines=[PAUSED])) == ["lost record", "lost record"]


def test_an_action_without_a_cause_is_found_with_the_fault_that_was_on_and_the_record() -> None:
    [finding] = found(Evidence(lines=acted(1, 3.0), struck=[struck("disk-full", ended=5)]))
    assert (finding.rule, finding.target, finding.at) == ("healthy machine touched", "east-0/db", 3.0)
    assert "disk-full" in finding.faults[0]
    assert "'action': 'restart'" in finding.record


def test_what_was_decided_and_never_begun_touched_nobody() -> None:
    assert rules(Evidence(lines=[act(1, 3.0)])) == []


@pytest.mark.parametrize(
    ("fault", "excused"),
    [
        (struck("service-killed", "east-0/db"), True),
        (struck("service-killed", "east-0/web"), False),
        (struck("service-killed", "north-0/db"), False),
        (struck("service-killed", "east-0/db", missed="it was off"), False),
        (struck("service-killed", "east-0/db", at=8, ended=9), False),
        (struck("storm-stopped", "east-0/db", "east-1/db"), True),
        (struck("daemon-stopped"), False),
        (struck("cut-infrastructure", "east"), False),
        (struck("sshd-killed", "east-0/db"), False),
    ],
)
def test_a_cause_touches_the_target_is_real_and_comes_before(fault: Struck, excused: bool) -> None:
    assert (rules(Evidence(lines=acted(1, 3.0), struck=[fault])) == []) is excused


def test_what_a_machine_comes_after_excuses_it_and_not_the_other_way_round() -> None:
    assert rules(Evidence(lines=acted(1, 3.0, "web"), struck=[struck("service-killed", "east-0/db")])) == []


def test_a_machine_that_only_the_controller_does_not_see_is_dead_only_where_no_peer_can_say_otherwise() -> None:
    blind = struck("cut-to", "east-0/db", ended=5)
    assert rules(Evidence(lines=acted(1, 3.0), struck=[blind])) == ["healthy machine touched"]
    assert rules(Evidence(lines=acted(1, 3.0), struck=[blind, struck("machine-stopped", "east-0/web", ended=5)])) == []


def test_where_packets_are_lost_a_page_that_asks_another_machine_may_be_restarted_and_nothing_else() -> None:
    loss = struck("loss", ended=30)
    assert rules(Evidence(lines=acted(1, 20.0, "web"), struck=[loss])) == []
    assert rules(Evidence(lines=acted(1, 20.0, "db"), struck=[loss])) == ["healthy machine touched"]
    assert rules(Evidence(lines=acted(1, 20.0, "web", action="reboot"), struck=[loss])) == ["healthy machine touched"]
    assert rules(Evidence(lines=acted(1, 31.0 + LAG, "web"), struck=[loss])) == ["healthy machine touched"]


def test_a_cause_is_over_when_its_target_is_whole_again() -> None:
    fault = struck("machine-killed", "east-0/db")
    late = acted(1, 40.0 + LAG)
    assert rules(Evidence(lines=late, struck=[fault])) == ["healthy machine touched"]
    assert rules(Evidence(lines=late, struck=[fault], broken={"east-0/db": [(1.5, 41.0)]})) == []
    assert rules(Evidence(lines=late, struck=[fault], broken={"east-0/db": [(20.0, 39.0)]})) == ["healthy machine touched"]
    assert rules(Evidence(lines=late, struck=[fault], broken={"east-0/db": [(20.0, 41.0)]})) == []


def test_deaths_of_its_own_strays_and_volumes_are_found() -> None:
    evidence = Evidence(deaths=[(1.0, "exit status 1")], strays=["process 17"], backwards=["counter: 3 after 4"])
    assert rules(evidence) == ["died by itself", "stray", "volume"]


def test_what_is_not_healthy_in_time_is_found_unless_the_policy_demands_it() -> None:
    assert rules(Evidence(unrecovered={"east-0": "held: unreachable"})) == ["unrecovered"]
    assert rules(Evidence(unrecovered={"east-0": "blocked: east-0/db: fence: it is gone"})) == []


def test_the_twin_is_judged_by_the_same_rule() -> None:
    evidence = Evidence(struck=[struck("machine-killed", "east-0/db"), struck("loss", ended=30)])
    assert needless(evidence, [(2.0, "east-0/db"), (3.0, "north-1/one")], APPLICATIONS) == [(3.0, "north-1/one")]


def test_times_are_taken_from_the_beginning_of_a_fault() -> None:
    bad = Line(1, 4.0, "east-0", "db", "service", "failed", "healthy", "failed", "", "")
    good = Line(2, 9.0, "east-0", "db", "", "changed", "recovering", "healthy", "", "")
    fault = struck("service-killed", "east-0/db", at=1.0, ended=1.0)
    assert course(Evidence(lines=[bad, good]), fault, "east-0/db") == (3.0, 8.0)
    assert course(Evidence(lines=[good]), fault, "east-0/db") == (None, None)
    assert str(spread([3.0, 1.0, 2.0])) == "2.0 / 3.0 / 3.0"
    assert spread([]) is None


def test_findings_come_in_order() -> None:
    evidence = Evidence(strays=["x"], doubles=[Double("east-0/db", 5, 6, (1, 2))], deaths=[(1.0, "exit status 1")])
    assert [finding.at for finding in found(evidence)] == [1.0, 5, math.inf]


def test_a_machine_that_nobody_knows_and_one_too_many_that_failed_are_found() -> None:
    def stocks(**stock: frozenset[str]) -> Evidence:
        return Evidence(
            stocks={"east-0/db": Stock(**{"there": frozenset("abt"), "known": frozenset("abt"), "failed": frozenset("b")} | stock)}
        )

    assert rules(stocks()) == []
    assert [each.text for each in found(stocks(known=frozenset("ab")))] == ["nobody knows of t"]
    assert [each.text for each in found(stocks(failed=frozenset("bt")))] == ["too many are kept that failed: b, t"]
    assert rules(stocks(failed=frozenset("bx"))) == []
    assert rules(replace(stocks(failed=frozenset("bt")), unrecovered={"east-0": "recovering"})) == ["unrecovered"]
