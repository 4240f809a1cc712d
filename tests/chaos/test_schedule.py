"""The schedule: drawn from the seed alone, and such that every fault can end."""

from __future__ import annotations

import pytest

from pcloud.failpoints import parsed
from pcloud.spec.loading import load
from tests.chaos.applications import applications, spec
from tests.chaos.executor import STRIKES
from tests.chaos.kinds import BY_NAME, KINDS, Scope
from tests.chaos.schedule import Fault, draw

LONG = 1800.0


def test_a_seed_gives_the_same_schedule_again_and_another_one_another() -> None:
    assert draw(1, 180) == draw(1, 180) != draw(2, 180)


@pytest.mark.parametrize("seed", range(5))
def test_every_kind_strikes_in_half_an_hour_and_every_fault_ends_in_time(seed: int) -> None:
    faults = draw(seed, LONG)
    assert {fault.kind for fault in faults} == set(BY_NAME)
    assert all(0 <= fault.at <= fault.end <= LONG + 0.1 for fault in faults)


def test_what_stops_a_machine_is_not_laid_upon_another_that_does() -> None:
    until: dict[str, float] = {}
    for fault in draw(3, LONG):
        if BY_NAME[fault.kind].scope in {Scope.ASSEMBLY, Scope.HALF}:
            for target in fault.targets:
                assert until.get(target, -1.0) < fault.at
                until[target] = fault.end


def test_what_may_not_be_launched_anew_is_not_destroyed() -> None:
    may = {f"{each.name}/{part.name}": part.relaunch for each in applications() for part in each.parts}
    assert all(may[target] for fault in draw(4, LONG) if fault.kind == "machine-destroyed" for target in fault.targets)


def test_somebody_knows_how_to_do_each_of_them() -> None:
    assert set(STRIKES) == {kind.name for kind in KINDS}


def test_failpoints_that_are_drawn_can_be_told() -> None:
    told = [fault for fault in draw(5, LONG) if fault.kind.startswith("failpoint-")]
    assert told
    for fault in told:
        assert parsed(";".join(f"{name}={fault.kind.removeprefix('failpoint-')}" for name in fault.detail.split()))


def test_a_fault_is_one_line_for_people() -> None:
    assert str(Fault(7, 12.5, "cut-to", ("east-0/db",), 20.0)) == "#7      12.5 cut-to east-0/db for 20 s"
    assert str(Fault(8, 1.0, "storm-killed", ("a/b",) * 9, 0.0)) == "#8       1.0 storm-killed 9 machines"


def test_the_specs_are_accepted_as_they_are() -> None:
    for each in applications():
        load(spec(each), path="spec.yaml", files={})
