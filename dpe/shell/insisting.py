"""Asking a cloud again that has not answered: what is asked for is done once, however often that is.

Rules: the caller's timeout ends the asking.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from pcloud.errors import AmbiguousError, HardInfrastructureError, InfrastructureError
from pcloud.model.instance import InstanceReading
from pcloud.model.ports import Infrastructure

log = logging.getLogger(__name__)

POLL = 1.0  # seconds between readings of one instance while we wait for it; a cloud's own steps take seconds
READ_AGAIN = 15.0  # seconds, at the most, between two readings of which none is answered: as often as a machine that is silent is tried


async def heard(asking: Awaitable[None]) -> bool:
    """Whether what was asked for was accepted; False where that cannot be told: it is asked again, and is done once."""
    try:
        await asking
    except AmbiguousError as error:
        log.info("no clear answer, asked again", extra={"reason": str(error)})
        return False
    return True


async def read_again(cloud: Infrastructure, instance_id: str) -> InstanceReading:
    """The instance as it is now, whatever became of questions before. The caller's timeout ends the asking. Raises what stays as it is."""
    pause = POLL
    while True:
        try:
            return await cloud.read(instance_id)
        except HardInfrastructureError:
            raise
        except InfrastructureError as error:
            log.info("no answer, asked again", extra={"instance": instance_id, "reason": str(error), "after": pause})
        await asyncio.sleep(pause)
        pause = min(2 * pause, READ_AGAIN)
