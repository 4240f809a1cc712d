"""``ocf:`` on a real machine, by the contract of all resource agents: Debian's own ``Dummy``, and agents that misbehave in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pcloud.model.plan import OcfAgent, ResourcePlan
from pcloud.model.words import Verdict
from tests.agents.benches import NOISE, MachineBench
from tests.agents.contract import CASES, Refusal, cases_of
from tests.agents.machine import Machine

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not Path("/usr/lib/ocf/resource.d/heartbeat/Dummy").exists(), reason="install resource-agents"),
]

HANG = "sleep 1207.5"


def agent_text(**actions: str) -> str:
    """A small agent whose state is a file, where ``actions`` do not say otherwise."""
    usual = {"start": 'touch "$f"', "stop": 'rm -f "$f"', "monitor": '[ -e "$f" ] || exit 7'}
    cases = "".join(f"{name}) {text} ;;\n" for name, text in (usual | actions).items())
    return f"#!/bin/sh\nf=$PCLOUD_ROOT/state\ncase $1 in\n{cases}*) exit 3 ;;\nesac\n"


class OcfBench(MachineBench):
    kind = "ocf"
    killed = "No process state file found"
    missing = Refusal(Verdict.BROKEN, hard=True, words="missing agent ocf:heartbeat:Dumy")
    forbidden = Refusal(Verdict.BROKEN, hard=True, words="may not be executed", stops=False)

    @property
    def state(self) -> Path:
        return self.machine.root / "state"

    async def living(self) -> int:
        return int(self.state.exists())

    async def kill(self) -> None:
        self.state.unlink()

    async def remains(self) -> int:
        return sum("1207" in command for command in self.machine.left().values())

    def service(self) -> ResourcePlan:
        return self.of(OcfAgent("heartbeat", "Dummy", (("state", str(self.state)),)))

    def agent(self, mode: int = 0o755, **actions: str) -> OcfAgent:
        self.write("usr/lib/ocf/resource.d/test/Thing", agent_text(**actions), mode)
        return OcfAgent("test", "Thing")

    def failing_start(self) -> ResourcePlan:
        return self.of(self.agent(start='echo "ocf-exit-reason:no database" >&2; echo bye; exit 1'))

    def hanging_start(self) -> ResourcePlan:
        return self.short(self.agent(start=HANG))

    def hanging_stop(self) -> ResourcePlan:
        return self.short(self.agent(stop=HANG))

    def hanging_monitor(self) -> ResourcePlan:
        return self.of(self.agent(monitor=HANG), timeout=1.0)

    def not_installed(self) -> ResourcePlan:
        return self.of(OcfAgent("heartbeat", "Dumy"))

    def not_permitted(self) -> ResourcePlan:
        return self.of(self.agent(0o644))

    def noisy(self) -> ResourcePlan:
        usual = {"start": 'touch "$f"', "stop": 'rm -f "$f"', "monitor": '[ -e "$f" ] || exit 7'}
        return self.of(self.agent(**{name: f"{{ {NOISE}; }} >&2; {text}" for name, text in usual.items()}))


BENCH = OcfBench


@pytest.mark.parametrize("case", cases_of(OcfBench))
async def test_case(machine: Machine, case: str) -> None:
    await CASES[case](OcfBench(machine))
