"""``process:`` on a real machine, by the contract of all resource agents."""

from __future__ import annotations

from typing import ClassVar

import pytest

from pcloud.model.plan import ProcessAgent, ResourcePlan
from pcloud.model.words import Verdict
from tests.agents.benches import NOISE, SLEEP, MachineBench
from tests.agents.contract import CASES, Refusal, cases_of
from tests.agents.machine import Machine

pytestmark = pytest.mark.real


class ProcessBench(MachineBench):
    kind = "process"
    lacks: ClassVar = {
        "start fails": "a process that ends at once is seen by the monitor",
        "start hangs": "there is nothing to wait for",
        "monitor hangs": "pcloud looks itself",
    }
    stops_by_force = True
    missing = Refusal(Verdict.BROKEN, hard=True, words="missing command")
    forbidden = Refusal(Verdict.BROKEN, hard=True, words="may not be executed")

    def service(self) -> ResourcePlan:
        return self.of(ProcessAgent(SLEEP))

    def hanging_stop(self) -> ResourcePlan:
        return self.of(ProcessAgent(f"trap '' TERM; while :; do {SLEEP}; done"), action_timeout=8.0)

    def not_installed(self) -> ResourcePlan:
        return self.of(ProcessAgent("nope --fast"))

    def not_permitted(self) -> ResourcePlan:
        return self.of(ProcessAgent(f"{self.write('opt/worker', '#!/bin/sh', 0o644)} --fast"))

    def noisy(self) -> ResourcePlan:
        return self.of(ProcessAgent(f"{NOISE}; exec {SLEEP}"))


BENCH = ProcessBench


@pytest.mark.parametrize("case", cases_of(ProcessBench))
async def test_case(machine: Machine, case: str) -> None:
    await CASES[case](ProcessBench(machine))
