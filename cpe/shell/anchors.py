"""Finds an anchor: an address that should always answer the controller, so that silence elsewhere is not our own deafness (policy.md).

Rules: the configured ones of the infrastructure; where there are none, its other assemblies; where there are none either, its API. One that
answers is enough. What is not of a rank that there is is not asked: an API that answers says nothing of a network on which all are silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from cpe.shell.infrastructures.settings import address_of
from pcloud.errors import PcloudError
from pcloud.model.guards import Standing
from pcloud.model.ports import Infrastructure
from pcloud.model.words import Reach

TRY = 5.0
"""Seconds for a configured anchor to answer: a third of what the DPE waits, and many times what a network needs that is worth the name."""

Reaching = Callable[[str, int, float], Awaitable[Reach]]
"""Host, port, timeout in seconds: whether a service answers there."""
Machine = tuple[str, str]
"""Deployable and assembly."""


class Anchors:
    """``configured`` are HOST:PORT by infrastructure; ``note`` says which assemblies there are, and which answer."""

    def __init__(
        self, configured: Mapping[str, Sequence[str]], infrastructures: Callable[[str], Infrastructure], reaching: Reaching
    ) -> None:
        self._configured = configured
        self._infrastructures = infrastructures
        self._reaching = reaching
        self._there: dict[str, dict[Machine, None]] = {}
        self._answering: dict[str, dict[Machine, None]] = {}

    def note(self, before: Standing | None, now: Standing | None) -> None:
        """A deployable stands otherwise, or is gone."""
        for each in before.assemblies if before is not None else ():
            machine = (before.deployable if before is not None else "", each.assembly)
            self._there.get(each.infrastructure, {}).pop(machine, None)
            self._answering.get(each.infrastructure, {}).pop(machine, None)
        for each in now.assemblies if now is not None else ():
            machine = (now.deployable if now is not None else "", each.assembly)
            self._there.setdefault(each.infrastructure, {})[machine] = None
            if each.answers:
                self._answering.setdefault(each.infrastructure, {})[machine] = None

    async def find(self, infrastructure: str, deployable: str, assembly: str) -> tuple[str, bool]:
        """The anchor that was asked, and whether it answers."""
        configured = self._configured.get(infrastructure, ())
        if configured:
            return await self._try_configured(configured)
        me = (deployable, assembly)
        for machine in self._answering.get(infrastructure, {}):
            if machine != me:
                return "/".join(machine), True
        others = len(self._there.get(infrastructure, {})) - (me in self._there.get(infrastructure, {}))
        if others:
            return f"{'another assembly' if others == 1 else f'{others} other assemblies'} on {infrastructure}", False
        try:
            await self._infrastructures(infrastructure).find(deployable, assembly)
        except PcloudError:
            return f"the API of {infrastructure}", False
        return f"the API of {infrastructure}", True

    async def _try_configured(self, anchors: Sequence[str]) -> tuple[str, bool]:
        """All at once; the first in the configuration that answers is named."""
        found = await asyncio.gather(*(self._reaching(*address_of(anchor), TRY) for anchor in anchors))
        for anchor, reach in zip(anchors, found, strict=True):
            if reach is Reach.ANSWERED:
                return anchor, True
        return ", ".join(anchors), False
