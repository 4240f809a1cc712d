"""Checks of one assembly that are made from the controller.

Rules: they go on while SSH is down; a tcp check passes only by an answer of the service (policy.md section 4: it may veto a recovery).
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable

from agents.answers import listen_for_answer
from agents.pages import Pages
from agents.sockets import words_of
from pcloud.limits import time_limit
from pcloud.model.plan import AssemblyPlan, Check, CommandCheck, HttpCheck, TcpCheck
from pcloud.model.ports import ProbeSeen, Sighting
from pcloud.model.words import Origin, Reach, Verdict

_SPREAD = 1.0
_SPREAD_EACH = 0.02
"""Seconds by which first runs are spread, at most and for each check: as inside the machine."""
_FIRST_GAP = 0.2
"""Seconds to the first look out of turn at what does not pass yet: as inside the machine, where watcher.sh says why."""


class OutsideChecks:
    """Runs the checks of a plan from here, and reports every change and every run that did not pass."""

    def __init__(self, address: str, pages: Pages, report: Callable[[Sighting], None]) -> None:
        self._address = address
        self._pages = pages
        self._report = report
        self._checks: tuple[tuple[str, Check], ...] = ()
        self._changed = asyncio.Event()

    def watch(self, assembly: AssemblyPlan) -> None:
        """Check by this plan from now on; every check runs and reports once more."""
        self._checks = tuple(
            (resource.name, check) for resource in assembly.resources for check in resource.checks if check.origin is Origin.CONTROLLER
        )
        self._changed.set()

    def check_again(self) -> None:
        """Run every check at once and report each result."""
        self._changed.set()

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            self._changed.clear()
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._repeat(resource, check), name=f"check {self._address} {resource}/{check.key}")
                    for resource, check in self._checks
                ]
                await self._changed.wait()
                for task in tasks:
                    task.cancel()

    async def _repeat(self, resource: str, check: Check) -> None:
        share = zlib.crc32(f"{self._address}/{resource}/{check.key}".encode()) / 2**32
        await asyncio.sleep(share * min(_SPREAD, _SPREAD_EACH * len(self._checks), check.interval))
        last: Verdict | None = None
        gap = _FIRST_GAP
        while True:
            verdict, reason = await self._once(check)
            if verdict is not last or verdict is not Verdict.PASSED:
                self._report(ProbeSeen(resource, check.key, verdict, reason))
            left = check.interval
            while verdict is not Verdict.PASSED and gap < left:
                await asyncio.sleep(gap)
                left, gap = left - gap, gap * 1.5
                verdict, reason = await self._once(check)
                if verdict is Verdict.PASSED:
                    self._report(ProbeSeen(resource, check.key, verdict, reason))
            if verdict is Verdict.PASSED:
                gap = check.interval
            last = verdict
            await asyncio.sleep(left)

    async def _once(self, check: Check) -> tuple[Verdict, str]:
        try:
            async with time_limit(check.timeout):
                match check.what:
                    case TcpCheck(port):
                        return await self._tcp(port, check.timeout)
                    case HttpCheck() as wanted:
                        return await self._pages.look(wanted)
                    case CommandCheck():
                        return Verdict.UNKNOWN, "commands run inside the machine only"
        except TimeoutError:
            return Verdict.MISSED, f"timed out after {check.timeout:g}s"

    async def _tcp(self, port: int, timeout: float) -> tuple[Verdict, str]:
        try:
            reader, writer = await asyncio.open_connection(self._address, port)
        except OSError as error:
            return Verdict.MISSED, f"port {port}: {words_of(error)}"
        except ValueError as error:
            return Verdict.UNKNOWN, f"the name {self._address} cannot be resolved: {error}"
        try:
            reached = await listen_for_answer(reader, writer, timeout)
        finally:
            writer.transport.abort()
        match reached:
            case Reach.ANSWERED:
                return Verdict.PASSED, ""
            case Reach.REFUSED:
                return Verdict.MISSED, f"port {port}: closed without an answer"
            case _:
                return Verdict.MISSED, f"port {port}: connected, but nothing answers"
