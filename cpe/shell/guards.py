"""The controller's guards in the daemon: runs ``oversee`` on the loop's clock and carries its words (policy.md section 5).

Rules: one state, one timer; no DPE is called from within its own call: words are delivered in the loop's next round, and only to whoever
attended when they were said. What the guards say of whole infrastructures goes to the journal, whatever time that takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import NamedTuple

from cpe.policy.oversee import oversee
from cpe.policy.state import Oversight
from cpe.policy.words import Asked, Attended, Fact, Gathered, Gathering, GivenBack, Left, Notice, Stood, Ticked
from cpe.shell.anchors import Anchors
from pcloud.errors import StoreError
from pcloud.model.actions import Report
from pcloud.model.guards import GuardWord, PermitRequest, Relaunched, Standing
from pcloud.model.words import Guard

log = logging.getLogger(__name__)

UNWRITTEN = 1000  # notices that wait for the journal: some per infrastructure and zone, so many only when it stands still

Hear = Callable[[GuardWord], None]


class Holding(NamedTuple):
    """A guard that holds, and where; ``zone`` is empty for all of it."""

    guard: Guard
    infrastructure: str
    zone: str


class Overseer:
    """The guards of all deployables (the Protocol ``Guards``). ``report`` writes into the journal; used within ``watch``."""

    def __init__(self, anchors: Anchors, report: Callable[[Report], Awaitable[None]]) -> None:
        self._anchors = anchors
        self._report = report
        self._state = Oversight()
        self._at = 0.0
        self._hearers: dict[str, Hear] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._notices: asyncio.Queue[Report] = asyncio.Queue(UNWRITTEN)

    @contextlib.asynccontextmanager
    async def watch(self) -> AsyncIterator[Overseer]:
        """Write what there is to say into the journal as long as the block lasts."""
        writing = asyncio.create_task(self._write(), name="notices of the guards")
        try:
            yield self
        finally:
            writing.cancel()
            if self._timer is not None:
                self._timer.cancel()
            await asyncio.wait([writing])
            if not writing.cancelled():
                writing.result()  # a bug ended it

    @property
    def unwritten(self) -> int:
        """Notices that wait for the journal."""
        return self._notices.qsize()

    @property
    def oversight(self) -> Oversight:
        """What they know now."""
        return self._state

    def holding(self) -> list[Holding]:
        """The guards that hold for all of an infrastructure, or of a zone of it."""
        found = []
        for place, group in self._state.groups.items():
            for guard, latch in ((Guard.STORM, group.storm), (Guard.ALL_SILENT, group.silence)):
                if latch is not None:
                    found.append(Holding(guard, place.infrastructure, place.zone))
        frozen = [name for name, region in self._state.regions.items() if region.freeze is not None]
        return [*found, *(Holding(Guard.UNVERIFIED, name, "") for name in frozen)]

    @contextlib.contextmanager
    def gathering(self) -> Iterator[None]:
        """Judge and grant nothing before the block ends: five of the first five are no storm where there are hundreds."""
        self._take_in(Gathering(self._now()))
        try:
            yield
        finally:
            self._take_in(Gathered(self._now()))

    def attend(self, deployable: str, hear: Hear, relaunched: Sequence[Relaunched] = ()) -> None:
        self._hearers[deployable] = hear
        self._take_in(Attended(self._now(), deployable, tuple(relaunched)))

    def stand(self, standing: Standing) -> None:
        ward = self._state.wards.get(standing.deployable)
        self._anchors.note(ward.standing if ward is not None else None, standing)
        self._take_in(Stood(self._now(), standing))

    def ask(self, request: PermitRequest) -> None:
        self._take_in(Asked(self._now(), request))

    def give_back(self, deployable: str, permit: str) -> None:
        self._take_in(GivenBack(self._now(), deployable, permit))

    def forget(self, deployable: str) -> None:
        """There is no such deployable any more."""
        ward = self._state.wards.get(deployable)
        self._anchors.note(ward.standing if ward is not None else None, None)
        self._hearers.pop(deployable, None)
        self._take_in(Left(self._now(), deployable))

    async def anchor(self, infrastructure: str, deployable: str, assembly: str) -> tuple[str, bool]:
        return await self._anchors.find(infrastructure, deployable, assembly)

    def _now(self, least: float = 0.0) -> float:
        """The loop's time; a timer may come a tick of the clock before its moment."""
        self._at = max(self._at, least, asyncio.get_running_loop().time())
        return self._at

    def _take_in(self, fact: Fact) -> None:
        self._state, words, wake_at = oversee(self._state, fact)
        loop = asyncio.get_running_loop()
        for word in words:
            if isinstance(word, Notice):
                self._note(word)
            elif (hear := self._hearers.get(word.deployable)) is not None:
                loop.call_soon(self._deliver, word.deployable, hear, word.word)
        if self._timer is None or self._timer.cancelled() or self._timer.when() != wake_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(wake_at, self._tick, wake_at) if wake_at is not None else None

    def _tick(self, wake_at: float) -> None:
        self._timer = None
        self._take_in(Ticked(self._now(wake_at)))

    def _deliver(self, deployable: str, hear: Hear, word: GuardWord) -> None:
        if self._hearers.get(deployable) is hear:
            hear(word)

    def _note(self, notice: Notice) -> None:
        """Into the log at once, and into the journal in its turn."""
        report = report_of(notice)
        log.warning("guards", extra={"kind": str(report.kind), "reason": report.reason})
        try:
            self._notices.put_nowait(report)
        except asyncio.QueueFull:
            log.warning("notice not recorded: the journal does not keep up", extra={"kind": str(report.kind), "reason": report.reason})

    async def _write(self) -> None:
        while True:
            report = await self._notices.get()
            try:
                await self._report(report)
            except StoreError as error:
                log.warning("notice cannot be recorded", extra={"kind": str(report.kind), "reason": str(error)})


def report_of(notice: Notice) -> Report:
    """A notice as a line of the journal."""
    zone = f" zone {notice.zone}" if notice.zone else ""
    where = f"infrastructure {notice.infrastructure}{zone}: " if notice.infrastructure else ""
    return Report(notice.kind, reason=where + notice.numbers, alert=notice.alert)
