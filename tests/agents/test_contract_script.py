"""``script:`` on a real machine, by the contract of all resource agents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pcloud.model.plan import ResourcePlan, ScriptAgent
from pcloud.model.words import Verdict
from tests.agents.benches import NOISE, SLEEP, MachineBench
from tests.agents.contract import CASES, Refusal, cases_of
from tests.agents.machine import Machine

pytestmark = pytest.mark.real

HANG = "sleep 1207.5"
SOUND = ScriptAgent(
    start=f"{SLEEP} & echo $! >$PCLOUD_ROOT/svc.pid",
    stop="kill $(cat $PCLOUD_ROOT/svc.pid) && rm $PCLOUD_ROOT/svc.pid",
    monitor="kill -0 $(cat $PCLOUD_ROOT/svc.pid) 2>/dev/null || { echo it is not running; exit 7; }",
)


class ScriptBench(MachineBench):
    kind = "script"
    missing = Refusal(Verdict.UNKNOWN, hard=True, words="not found", stops=False)
    forbidden = Refusal(Verdict.UNKNOWN, hard=True, words="ermission denied", stops=False)

    def service(self) -> ResourcePlan:
        return self.of(SOUND)

    def failing_start(self) -> ResourcePlan:
        return self.of(replace(SOUND, start="echo no database; exit 3"))

    def hanging_start(self) -> ResourcePlan:
        return self.short(replace(SOUND, start=HANG))

    def hanging_stop(self) -> ResourcePlan:
        return self.short(replace(SOUND, stop=HANG))

    def hanging_monitor(self) -> ResourcePlan:
        return self.of(replace(SOUND, monitor=HANG), timeout=1.0)

    def not_installed(self) -> ResourcePlan:
        return self.of(ScriptAgent("/opt/x/start", "/opt/x/stop", "/opt/x/status"))

    def not_permitted(self) -> ResourcePlan:
        path = str(self.write("opt/x", "#!/bin/sh", 0o644))
        return self.of(ScriptAgent(path, path, path))

    def noisy(self) -> ResourcePlan:
        return self.of(replace(SOUND, start=f"{NOISE}; {SOUND.start}", stop=f"{NOISE}; {SOUND.stop}", monitor=f"{NOISE}; {SOUND.monitor}"))


BENCH = ScriptBench


@pytest.mark.parametrize("case", cases_of(ScriptBench))
async def test_case(machine: Machine, case: str) -> None:
    await CASES[case](ScriptBench(machine))
