"""What the benches of all kinds that run on an ordinary machine share (see ``contract``): a real sshd, and ``sleep`` for a service.

Rules: a service is told from others by the seconds that it sleeps, and looked for among the machine's own processes.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from agents.ssh import SshAgent
from pcloud.model.plan import ResourceAgent, ResourcePlan
from pcloud.model.ports import ProbeSeen
from pcloud.model.words import Verdict
from tests.agents.contract import SHORT, Bench
from tests.agents.machine import Machine
from tests.agents.processes import send
from tests.agents.sightings import Sightings, plan, watching

SLEEP: Final = "sleep 1207"
"""The service."""
NOISE: Final = "head -c 100000 /dev/urandom; printf '\\033[31m\\377\\n\\001\\n'"
"""Shell text that prints what nobody can read."""


class MachineBench(Bench):
    """A bench on a ``Machine``."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def watched(self, resource: ResourcePlan) -> AbstractAsyncContextManager[tuple[SshAgent, Sightings]]:
        return watching(self.machine, plan(resource))

    async def living(self) -> int:
        return len(self.pids())

    def pids(self) -> list[int]:
        return [pid for pid, command in self.machine.left().items() if command.removeprefix("/bin/").startswith(SLEEP)]

    async def kill(self) -> None:
        for pid in self.pids():
            send(pid, signal.SIGKILL)

    def of(self, agent: ResourceAgent, *, timeout: float = 2.0, action_timeout: float | None = None) -> ResourcePlan:
        return ResourcePlan("svc", agent, interval=0.2, timeout=timeout, action_timeout=action_timeout)

    def short(self, agent: ResourceAgent) -> ResourcePlan:
        """With little time for its actions."""
        return self.of(agent, action_timeout=SHORT)

    def write(self, path: str, text: str, mode: int = 0o755) -> Path:
        """A file in the machine."""
        file = self.machine.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file


def rewrite(file: Path, text: str) -> None:
    """The file is whole at every moment."""
    being_written = file.with_suffix(".new")
    being_written.write_text(text)
    being_written.rename(file)


async def says(machine: Machine, service: ResourcePlan, file: Path, statuses: Mapping[int, tuple[Verdict, str]]) -> None:
    """The service's monitor, which exits with what is in the file, is judged like this."""
    rewrite(file, "99\n")
    async with watching(machine, plan(service)) as (_, sightings):
        await sightings.probe(Verdict.MISSED)
        for status, (verdict, reason) in statuses.items():
            so_far = len(sightings.all)
            rewrite(file, f"{status}\n")
            await sightings.first(ProbeSeen, lambda seen, wanted=(verdict, reason): (seen.verdict, seen.reason) == wanted, so_far)  # type: ignore[misc]
