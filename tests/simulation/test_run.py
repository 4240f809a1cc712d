from __future__ import annotations

from collections.abc import Sequence

import pytest

from pcloud.model.guards import GuardVerdict, GuardWord, PermitAnswer, PermitRequest, Standing
from pcloud.model.words import Guard
from pcloud.simulation.controller import EndlessError
from pcloud.simulation.run import Simulation, simulate
from pcloud.simulation.trace import read_trace
from tests.simulation.plans import plan_of


def decisions(spec: str, text: str, *settings: str, until: float | None = None) -> list[tuple[float, str, str]]:
    plan = plan_of(spec, *settings)
    return [(each.at, each.target, each.decision) for each in simulate(plan, read_trace(text, plan), jitter=0.0, until=until)]


def test_a_trace_begins_with_a_healthy_deployable_of_generation_1_that_nothing_is_counted_against() -> None:
    simulation = Simulation(plan_of("wordpress"), jitter=0.0)
    simulation.come_up()
    for state in simulation.controller.state.assemblies.values():
        assert state.generation == 1
        assert state.reached, "a peer knows which of its ports it reaches"
        assert (state.reboots, state.relaunches, state.recoveries) == ((), (), ())
        assert all(each.health == "healthy" and not each.failures for each in state.resources.values())
    assert simulation.wheel.now == 0
    assert simulation.controller.ledger.records == []


def test_a_fault_that_ends_when_the_probe_comes_has_ended() -> None:
    assert decisions("one", "0 fail web/httpd soft for 10s") == []
    assert decisions("one", "0 fail web/httpd soft\n10 pass web/httpd") == []
    assert decisions("one", "0 fail web/httpd soft\n10.1 pass web/httpd")[0] == (10, "web/httpd", "act")


def test_what_the_policy_waits_for_comes_before_the_lines_of_the_same_moment() -> None:
    restarted = decisions("one", "0 fail web/httpd\n60 fail web/httpd\n65 fail web/httpd")
    assert (65, "web", "act") in restarted, "the restart that was due at 65 had ended the second failure when the third came"


def test_a_run_ends_with_nothing_but_repeats_before_it_and_until_lets_it_go_on() -> None:
    held = "0 cloud-api down\n0 silent db until never"
    assert decisions("pair", held) == [(60, "db", "hold")]
    assert decisions("pair", held, until=86400.0) == [(60, "db", "hold")]


def test_a_run_ends_a_day_after_the_last_line_at_the_latest() -> None:
    endless = decisions("one", "100 fail web/httpd until never for 10d", "recovery.allow=restart", "recovery.restart.failures=1")
    assert 86100 < endless[-1][0] <= 86500


def test_what_never_escalates_is_shown_until_its_window_holds_nothing_else() -> None:
    acts = decisions("one", "0 fail web/httpd until never", "recovery.restart.failures=-1")
    assert {decision for _, _, decision in acts} == {"act"}
    assert 300 < acts[-1][0] <= 600 + 300


def test_what_goes_on_for_ever_at_one_moment_is_an_error_that_says_so() -> None:
    with pytest.raises(EndlessError, match="more than 1,000 actions at 5s"):
        decisions("one", "0 action restart fails\n5 fail web/httpd", "recovery.restart.failures=-1", "recovery.restart.delay=0")


class Refusing:
    """Guards that let nothing begin before a moment."""

    def __init__(self, until: float) -> None:
        self.wake_at: float | None = None
        self._until = until
        self._waiting: PermitRequest | None = None

    def stand(self, standing: Standing, at: float) -> Sequence[GuardWord]:
        return []

    def ask(self, request: PermitRequest, at: float) -> Sequence[GuardWord]:
        self._waiting, self.wake_at = request, self._until
        return [PermitAnswer(request.permit, granted=False, guards=(GuardVerdict(Guard.STORM, passed=False, numbers="3 of 5"),))]

    def give_back(self, permit: str, at: float) -> Sequence[GuardWord]:
        self._waiting = None
        return []

    def look(self, at: float) -> Sequence[GuardWord]:
        self.wake_at = None
        return [PermitAnswer(self._waiting.permit, granted=True)] if self._waiting is not None else []


def test_what_a_guard_holds_is_shown_as_held_and_acts_when_it_is_let() -> None:
    plan = plan_of("one")
    shown = simulate(plan, read_trace("5 fail web/httpd", plan), overseer=Refusing(50.0))
    assert [(each.at, each.decision, each.action) for each in shown] == [
        (5, "hold", "restart"),
        (50, "act", "restart"),
        (50, "recovered", None),
    ]
    assert shown[0].guards == ({"guard": "storm", "passed": False, "numbers": "3 of 5"},)


def test_what_the_guards_made_of_it_stands_in_the_act_and_is_no_act_of_its_own() -> None:
    plan = plan_of("pair", "recovery.restart.failures=1")
    records = simulate(plan, read_trace("0 fail db/mysqld for 100s\n10 fail web/httpd", plan), jitter=0.0)
    acts = [each for each in records if each.decision == "act"]
    assert [(each.at, each.target) for each in acts] == [(0, "db"), (100, "web")]
    for each in acts:
        assert {verdict["guard"]: verdict["passed"] for verdict in each.guards}["deployable_cap"] is True
    (held,) = [each for each in records if each.decision == "hold"]
    assert held.guards[-1] == {"guard": "deployable_cap", "passed": False, "numbers": "1 in flight, at most 1"}
