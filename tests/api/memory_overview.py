"""The overview of a controller without machines: counts what its statuses say. Each of its looks moves what is on its way."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from cpe.shell.api.port import Controller
from cpe.shell.lookout import WELL, severity
from pcloud.records.overview import LoopLoad, Overview, Troubled


class MemoryOverviews:
    """Sees all of ``controller``."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._since = datetime.now(UTC)

    async def overview(self, *, worst: int) -> Overview:
        found = [await self._controller.status(each.name) for each in await self._controller.list_deployables()]
        assemblies = [assembly for each in found for assembly in each.assemblies]
        unwell = sorted((each for each in found if each.state not in WELL), key=lambda each: (severity(each.state), each.name))
        machines = sum(each.instance is not None for each in assemblies)
        daemon = await self._controller.daemon()
        return Overview(
            at=datetime.now(UTC),
            version=daemon.version,
            pid=daemon.pid,
            since=self._since,
            deployables=Counter(each.state for each in found),
            assemblies=Counter(each.state for each in assemblies),
            resources=Counter(resource.state for each in assemblies for resource in each.resources),
            machines=machines,
            contact=machines,
            checks_per_second=0.0,
            recoveries={},
            held={},
            actions_in_flight=0,
            guards=[],
            doubted=False,
            loop=LoopLoad(lag=0.0, stalls=0),
            infrastructures=[],
            unwell=len(unwell),
            troubled=[Troubled(name=each.name, state=each.state, reason=each.reason) for each in unwell[:worst]],
        )
