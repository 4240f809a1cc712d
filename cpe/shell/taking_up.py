"""What a daemon takes up when it starts: every deployable that the store knows, a few at a time.

Rules: the loop is let go of between any two; those of one group record their beginning in one transaction; one that cannot be taken up
keeps no other from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence

from cpe.shell.keeper import Keeper
from cpe.shell.store.port import StoredDeployable
from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import PcloudError
from pcloud.model.actions import Report
from pcloud.model.plan import DeployablePlan
from pcloud.records.requests import SpecUpload

log = logging.getLogger(__name__)

GROUP = 50
"""Deployables: a tenth of a second's work, and a fiftieth of the transactions that they would take one by one."""


async def take_up(
    store: SqliteStore, keeper: Keeper, plan_of: Callable[[SpecUpload], DeployablePlan], wall: Callable[[], float]
) -> AsyncIterator[dict[str, str]]:
    """After each group those of it that could not be taken up, and why. StoreError."""
    known = await store.deployables()
    for first in range(0, len(known), GROUP):
        lame: dict[str, str] = {}
        plans = [made async for made in _plans(known[first : first + GROUP], plan_of, lame)]
        lame |= {name: str(error) for name, error in (await keeper.add_all(plans)).items()}
        for name, why in lame.items():
            log.error("deployable cannot be taken up", extra={"deployable": name, "reason": why})
            await store.report(name, Report("blocked", reason=f"cannot be taken up: {why}", alert=True), wall=wall())
        yield lame


async def _plans(
    known: Sequence[StoredDeployable], plan_of: Callable[[SpecUpload], DeployablePlan], lame: dict[str, str]
) -> AsyncIterator[DeployablePlan]:
    for stored in known:
        await asyncio.sleep(0)  # a spec takes milliseconds to read
        try:
            yield plan_of(stored.upload)
        except PcloudError as error:
            lame[stored.name] = str(error)
