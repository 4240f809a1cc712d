"""One list per infrastructure for all deployables: every few seconds each cloud is asked once, and what is odd is told to whom it concerns.

Rules:
- Asked is where something is started, every ``poll`` seconds and a little earlier or later; after an error later and later.
- A list only raises a suspicion: it may be old. Whatever is odd is read by its id, and is told only if nothing has changed for its assembly
  from before that reading began until after it. So no list that began before a launch or a deletion ended makes a twin.
- What is as it should be costs a look, and is told to nobody (cpe.policy.oddities).
- A cloud that does not answer is no failure of anything. After five minutes it is said, and when it is over.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from cpe.policy.oddities import odd, same
from cpe.shell.background import beside
from cpe.shell.engines import Engine
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.errors import PcloudError, StoreError
from pcloud.limits import time_limit
from pcloud.model.actions import Report
from pcloud.model.events import InstanceListed
from pcloud.model.instance import InstanceReading
from pcloud.model.ports import Infrastructure
from pcloud.model.words import InstanceStatus
from pcloud.spec.units import duration_text

log = logging.getLogger(__name__)

JITTER = 0.1
"""The part of an interval by which it is longer or shorter, so that several controllers do not ask one cloud in step."""

SELDOM = 60.0
"""Seconds between two questions, at the most, to a cloud that does not answer: its end should be seen within a minute."""

PATIENCE = 150.0
"""Seconds for one list: two calls, for it may wait until one that is under way has ended, and each of them has 60."""

UNANSWERED = 300.0
"""Seconds after which somebody is told: as long as the policy waits with what it does not know (policy.md section 1)."""

TRIED = 3
"""Questions without an answer before somebody is told: after a time in which this daemon stood still one proves nothing."""

AGAIN = 600.0
"""Seconds after which the same is told once more: a fact may be lost, with an engine that died or a store that was full."""

BATCH = 500
"""Instances that are looked at in one go: a millisecond."""

Say = Callable[[Report], Awaitable[None]]


@dataclass(slots=True)
class Outlook:
    """How the questions to one infrastructure went. Moments are the loop's; ``told`` is what was told of instances, and when."""

    answered: float | None = None  # when the last list that was answered was asked for
    failing: float | None = None  # since when none was
    failures: int = 0  # in a row
    alerted: bool = False
    told: dict[str, tuple[InstanceStatus, int, float]] = field(default_factory=dict)


class Polls:
    """Asks while ``watch`` lasts. ``started`` says whether anything is at an infrastructure, ``engine`` who looks after a deployable."""

    def __init__(
        self,
        settings: Mapping[str, InfrastructureSettings],
        infrastructure: Callable[[str], Infrastructure],
        *,
        controller: str,
        started: Callable[[str], bool],
        engine: Callable[[str], Engine | None],
        report: Say,
    ) -> None:
        self._intervals = {name: each.poll for name, each in settings.items() if each.driver != "static"}  # nobody can be asked there
        self._infrastructure = infrastructure
        self._controller = controller
        self._started = started
        self._engine = engine
        self._report = report
        self._outlooks = {name: Outlook() for name in self._intervals}

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[Polls]:
        """Ask as long as the block lasts."""
        async with AsyncExitStack() as stack:
            for name in self._intervals:
                await stack.enter_async_context(beside(self._watch(name), f"poll {name}"))
            yield self

    def ages(self) -> dict[str, float]:
        """Seconds since the last list was asked for that was answered, of each infrastructure that has answered."""
        now = asyncio.get_running_loop().time()
        return {name: now - each.answered for name, each in self._outlooks.items() if each.answered is not None}

    async def _watch(self, name: str) -> None:
        """Ask one infrastructure again and again."""
        outlook, interval = self._outlooks[name], self._intervals[name]
        await asyncio.sleep(interval * random.random())  # noqa: S311 - nobody gains from guessing it
        while True:
            if self._started(name):
                await self._poll(name, outlook)
            elif outlook.failing is not None or outlook.answered is not None:
                await self._over(name, outlook, "nothing is started there any more")
                outlook.answered = None
            await asyncio.sleep(pause(interval, outlook, asyncio.get_running_loop().time()))

    async def _poll(self, name: str, outlook: Outlook) -> None:
        """Ask once."""
        began = asyncio.get_running_loop().time()
        try:
            async with time_limit(PATIENCE):
                cloud = self._infrastructure(name)
                listed = await cloud.instances()
        except TimeoutError:
            await self._failed(name, outlook, began, f"no list within {PATIENCE:g}s")
        except PcloudError as error:
            await self._failed(name, outlook, began, str(error))
        else:
            outlook.answered = began
            await self._over(name, outlook, "it answers again")
            await self._look(cloud, listed, outlook)

    async def _failed(self, name: str, outlook: Outlook, began: float, reason: str) -> None:
        """It has not answered."""
        outlook.failures += 1
        outlook.failing = began if outlook.failing is None else outlook.failing
        lasted = asyncio.get_running_loop().time() - outlook.failing
        log.info("no list", extra={"infrastructure": name, "reason": reason, "failures": outlook.failures})
        if lasted >= UNANSWERED and outlook.failures >= TRIED and not outlook.alerted:
            text = f"infrastructure {name} has not answered for {duration_text(round(lasted))}: {reason}"
            outlook.alerted = await self._say(Report("unanswered", reason=f"{text}; nothing is recovered there on its word", alert=True))

    async def _over(self, name: str, outlook: Outlook, how: str) -> None:
        """It has answered, or need not."""
        if outlook.alerted and outlook.failing is not None:
            lasted = round(asyncio.get_running_loop().time() - outlook.failing)
            await self._say(Report("answered", reason=f"infrastructure {name}: {how}, after {duration_text(lasted)}"))
        outlook.failing, outlook.failures, outlook.alerted = None, 0, False

    async def _say(self, report: Report) -> bool:
        """Write it into the journal; whether that was done."""
        try:
            await self._report(report)
        except StoreError as error:
            log.warning("a report cannot be recorded", extra={"kind": report.kind, "reason": str(error)})
            return False
        return True

    async def _look(self, cloud: Infrastructure, listed: Sequence[InstanceReading], outlook: Outlook) -> None:
        """Tell what is odd; what cannot be read now is odd the next time."""
        now, there = asyncio.get_running_loop().time(), set()
        outlook.told = {each: said for each, said in outlook.told.items() if now < said[2] + AGAIN}
        suspects = []
        for number, each in enumerate(listed):
            if number % BATCH == BATCH - 1:
                await asyncio.sleep(0)
            if self._suspect(each) is not None:
                suspects.append(each)
        for each in suspects:
            there.add(each.id)
            try:
                await self._examine(cloud, each, outlook, now)
            except PcloudError as error:
                log.info("a suspect cannot be read", extra={"infrastructure": cloud.name, "instance": each.id, "reason": str(error)})
        outlook.told = {each: said for each, said in outlook.told.items() if each in there}

    def _suspect(self, reading: InstanceReading) -> Engine | None:
        """Who should hear of what a list shows."""
        tags = reading.tags
        if tags is None or tags.controller != self._controller or reading.status is InstanceStatus.ABSENT:
            return None
        engine = self._engine(tags.deployable)
        return engine if engine is not None and odd(reading, engine.state) else None

    async def _examine(self, cloud: Infrastructure, suspect: InstanceReading, outlook: Outlook, now: float) -> None:
        """Read it by its id, and tell what it shows, unless just that was told."""
        engine, tags = self._suspect(suspect), suspect.tags
        if engine is None or tags is None or outlook.told.get(suspect.id, (None,))[:2] == (suspect.status, id(engine)):
            return
        before = engine.state.assemblies[tags.assembly]
        reading = await cloud.read(suspect.id)
        after = engine.state.assemblies.get(tags.assembly)
        if reading.tags != tags or after is None or not same(before, after) or self._suspect(reading) is not engine:
            return
        event = InstanceListed(
            at=0.0,
            assembly=tags.assembly,
            instance_id=reading.id,
            infrastructure=cloud.name,
            generation=tags.generation,
            status=reading.status,
        )
        if engine.listed(event):
            outlook.told[reading.id] = (suspect.status, id(engine), now)


def pause(interval: float, outlook: Outlook, now: float) -> float:
    """Seconds until the next question: longer and longer while there is no answer, but not past the moment when somebody is to be told."""
    late = 1.0 + JITTER * (2.0 * random.random() - 1.0)  # noqa: S311 - likewise
    if outlook.failing is None:
        return interval * late
    longer = min(interval * 2.0**outlook.failures, max(interval, SELDOM)) * late
    left = outlook.failing + UNANSWERED - now
    return min(longer, left) if left > 0.0 and outlook.failures >= TRIED - 1 else longer
