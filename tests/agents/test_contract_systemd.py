"""``systemd:`` on a real machine with a real systemd, by the contract of all resource agents; its own cases are in ``test_systemd``."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from itertools import count
from typing import ClassVar

import pytest

from agents.ssh import SshAgent
from pcloud.model.plan import ResourcePlan, SystemdAgent
from pcloud.model.words import Verdict
from tests.agents.benches import SLEEP
from tests.agents.contract import CASES, SHORT, Bench, Refusal, cases_of
from tests.agents.nspawn import SystemdMachine, systemd_machine, why_not
from tests.agents.processes import command_of, send
from tests.agents.sightings import Sightings, plan, running_agent

pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
    pytest.mark.timeout(900),  # the first time it builds the root file system
]

NOISE = "head -c 100000 /dev/urandom; printf '\\\\033[31m\\\\377\\\\n\\\\001\\\\n'"  # as systemd has it in a unit file
NUMBERS = count(1)


class SystemdBench(Bench):
    kind = "systemd"
    lacks: ClassVar = {"monitor hangs": "a systemd that does not answer is waited for"}
    stopped = Verdict.PENDING
    killed = "failed (signal)"
    stops_by_force = True
    missing = Refusal(Verdict.BROKEN, hard=True, words="missing unit")
    forbidden = Refusal(Verdict.PENDING, hard=False, words="did not start")

    def __init__(self, machine: SystemdMachine) -> None:
        self._machine = machine

    def watched(self, resource: ResourcePlan) -> AbstractAsyncContextManager[tuple[SshAgent, Sightings]]:
        return running_agent(self._machine.instance(), str(self._machine.client_key), plan(resource))

    def unit(self, text: str, action_timeout: float | None = None) -> ResourcePlan:
        """A unit of its own for each case: none begins with what another has left."""
        name = f"case{next(NUMBERS)}.service"
        self._machine.write(f"etc/systemd/system/{name}", f"[Service]\n{text}\n")
        return ResourcePlan("svc", SystemdAgent(name), interval=0.2, timeout=2.0, action_timeout=action_timeout)

    async def living(self) -> int:
        return len(self._running(f"/bin/{SLEEP}"))

    async def kill(self) -> None:
        for pid in self._running(f"/bin/{SLEEP}"):
            send(pid, signal.SIGKILL)

    async def remains(self) -> int:
        return len(self._running("systemctl"))

    def _running(self, command: str) -> list[int]:
        return [pid for pid in self._machine.processes() if command_of(pid).startswith(command)]

    def service(self) -> ResourcePlan:
        return self.unit(f"ExecStart=/bin/{SLEEP}")

    def failing_start(self) -> ResourcePlan:
        return self.unit("Type=oneshot\nExecStart=/bin/sh -c 'echo no database; exit 3'")

    def hanging_start(self) -> ResourcePlan:
        return self.unit("Type=oneshot\nExecStart=/bin/sleep 1208", action_timeout=SHORT)

    def hanging_stop(self) -> ResourcePlan:
        return self.unit(f"""ExecStart=/bin/sh -c 'trap "" TERM; exec /bin/{SLEEP}'\nTimeoutStopSec=1""", action_timeout=10.0)

    def not_installed(self) -> ResourcePlan:
        return ResourcePlan("svc", SystemdAgent("nope.service"), interval=0.2)

    def not_permitted(self) -> ResourcePlan:
        return self.unit("Type=exec\nExecStart=/etc/hostname")

    def noisy(self) -> ResourcePlan:
        return self.unit(f"""ExecStart=/bin/sh -c "{NOISE}; exec /bin/{SLEEP}\"""")


BENCH = SystemdBench


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemdMachine]:
    with systemd_machine(tmp_path_factory.mktemp("machine")) as machine:
        yield machine


@pytest.mark.parametrize("case", cases_of(SystemdBench))
async def test_case(machine: SystemdMachine, case: str) -> None:
    await CASES[case](SystemdBench(machine))
