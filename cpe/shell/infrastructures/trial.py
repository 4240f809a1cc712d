"""``pcloud infrastructure test``: really asks a cloud for everything that pcloud will ask it for, and says what it got.

Rules: without ``launch`` nothing is made or changed; with it whatever was made is destroyed again, and what could not be is named; a step
that fails ends those that build on it, and is told with what would help; nothing here is an error of the API, which did what it was asked.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from libcloud.compute.base import NodeDriver

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.registry import Infrastructures
from cpe.shell.infrastructures.settings import InfrastructureSettings, address_of
from cpe.shell.infrastructures.trial_machine import TrialMachine
from pcloud.errors import PcloudError
from pcloud.model.words import Reach
from pcloud.records.infrastructures import Found, InfrastructureSummary, InfrastructureTrial, TrialRequest, TrialStep

Reaching = Callable[[str, int, float], Awaitable[Reach]]
"""Host, port, timeout in seconds: whether a service answers there."""

ANCHOR = 5.0
"""Seconds for an anchor to answer, as the guards wait for it."""

FEW = 3
"""Names that are told as examples."""

NEEDED = {
    "launch": ("create_node",),
    "destroy": ("destroy_node",),
    "reboot": ("reboot_node",),
    "stop and start": ("stop_node", "start_node"),
    "volumes": ("create_volume", "attach_volume", "detach_volume", "destroy_volume", "list_volumes"),
}
"""What pcloud does with machines, and the methods of a libcloud driver that it takes."""

NOT_LAUNCHED = TrialStep(
    what="launch", found=Found.SKIPPED, said="not asked for", cure="--launch launches a machine there and destroys it again"
)


class Trials:
    """What is configured, and what works of it (the second port of the HTTP API)."""

    def __init__(self, infrastructures: Infrastructures, reaching: Reaching) -> None:
        self._infrastructures = infrastructures
        self._reaching = reaching
        self._launching = 0  # trials with a machine that are under way

    @property
    def under_way(self) -> bool:
        """Whether a machine of a trial may be there."""
        return self._launching > 0

    def list_infrastructures(self) -> list[InfrastructureSummary]:
        """All of them, by name."""
        return [_summary(name, each) for name, each in sorted(self._infrastructures.settings.items())]

    async def test(self, name: str, request: TrialRequest) -> InfrastructureTrial:
        """Try it; NotFoundError if there is none of that name."""
        settings = self._infrastructures.expect(name)
        self._launching += request.launch
        try:
            steps = [step async for step in self._steps(name, settings, request)]
        finally:
            self._launching -= request.launch
        return InfrastructureTrial(name=name, driver=settings.driver, ok=not any(each.found is Found.FAILED for each in steps), steps=steps)

    async def _steps(self, name: str, settings: InfrastructureSettings, request: TrialRequest) -> AsyncIterator[TrialStep]:
        try:
            made = self._infrastructures.get(name)
        except PcloudError as error:
            yield TrialStep(what="settings", found=Found.FAILED, said=str(error), cure=error.cure)
            return
        yield TrialStep(what="settings", found=Found.PASSED, said=f"the driver {settings.driver} takes them")
        if isinstance(made, LibcloudInfrastructure):
            machines = await tried("machines", lambda: _machines(made))
            yield machines
            if machines.found is Found.FAILED:
                return
            async for step in _lists(made):
                yield step
        for anchor in settings.anchors:
            yield await tried(f"anchor {anchor}", partial(self._reached, anchor))
        if not request.launch:
            yield NOT_LAUNCHED
        elif isinstance(made, LibcloudInfrastructure):
            image = request.image or await _first_image(made)
            async for step in TrialMachine(made, made.controller, image=image, size=request.size).steps(tried):
                yield step
        else:
            yield TrialStep(what="launch", found=Found.LACKING, said=f"the driver {settings.driver} launches nothing")

    async def _reached(self, anchor: str) -> TrialStep:
        if await self._reaching(*address_of(anchor), ANCHOR) is Reach.ANSWERED:
            return TrialStep(what="", found=Found.PASSED, said="answers")
        cure = "it should always answer: see what stands in the way, or name another one"
        return TrialStep(what="", found=Found.FAILED, said="does not answer", cure=cure)


async def tried(what: str, step: Callable[[], Awaitable[TrialStep]]) -> TrialStep:
    """What comes of ``step``, under the name ``what`` and with its time."""
    began = time.monotonic()
    try:
        found = await step()
    except PcloudError as error:
        if isinstance(error.__cause__, NotImplementedError):
            return TrialStep(what=what, found=Found.LACKING, said="the driver cannot do it", seconds=round(time.monotonic() - began, 3))
        found = TrialStep(what=what, found=Found.FAILED, said=str(error), cure=error.cure)
    return found.model_copy(update={"what": what, "seconds": round(time.monotonic() - began, 3)})


def _summary(name: str, settings: InfrastructureSettings) -> InfrastructureSummary:
    return InfrastructureSummary(
        name=name, driver=settings.driver, cloud=settings.cloud, anchors=list(settings.anchors), poll=settings.poll
    )


async def _machines(infrastructure: LibcloudInfrastructure) -> TrialStep:
    total, ours = await infrastructure.count()
    return TrialStep(what="", found=Found.PASSED, said=f"{total} listed, {ours} of them launched by this controller")


async def _lists(infrastructure: LibcloudInfrastructure) -> AsyncIterator[TrialStep]:
    for what in ("images", "sizes", "volumes"):
        yield await tried(what, partial(_listed, infrastructure, what))
    for what, question in infrastructure.trials.items():
        yield await tried(what, partial(_answered, infrastructure, question))
    yield await tried("abilities", lambda: infrastructure.ask("looking at its driver", _abilities))


async def _listed(infrastructure: LibcloudInfrastructure, what: str) -> TrialStep:
    names = await infrastructure.ask(f"listing {what}", partial(_names, what))
    if not names and what != "volumes":
        return TrialStep(what="", found=Found.FAILED, said="none are listed", cure="without one nothing can be launched there")
    examples = ", ".join(names[:FEW]) + (f" and {len(names) - FEW} more" if len(names) > FEW else "")
    return TrialStep(what="", found=Found.PASSED, said=f"{len(names)} listed{f': {examples}' if examples else ''}")


async def _answered(infrastructure: LibcloudInfrastructure, question: Callable[[Any], str]) -> TrialStep:
    return TrialStep(what="", found=Found.PASSED, said=await infrastructure.ask("asking", question))


def _names(what: str, driver: Any) -> list[str]:
    return [str(thing.name or thing.id) for thing in getattr(driver, f"list_{what}")()]


async def _first_image(infrastructure: LibcloudInfrastructure) -> str:
    """Where nobody says which; empty if there is none, which the launch then tells."""
    try:
        return next(iter(await infrastructure.ask("listing images", partial(_names, "images"))), "")
    except PcloudError:
        return ""


def _abilities(driver: Any) -> TrialStep:
    """What the driver has of libcloud's base class unchanged, it cannot do."""
    cannot = [what for what, methods in NEEDED.items() if any(_inherited(driver, method) for method in methods)]
    can = ", ".join(what for what in NEEDED if what not in cannot)
    if not cannot:
        return TrialStep(what="", found=Found.PASSED, said=can)
    return TrialStep(what="", found=Found.LACKING, said=f"can: {can or 'nothing'}; cannot: {', '.join(cannot)}")


def _inherited(driver: Any, method: str) -> bool:
    return getattr(type(driver), method, None) is getattr(NodeDriver, method)
