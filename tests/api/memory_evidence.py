"""What the controller without machines keeps of replaced instances: what a test says."""

from __future__ import annotations

from collections.abc import Callable

from pcloud.errors import NotFoundError, RefusedError
from pcloud.records.evidence import ConsoleNow, InstanceEvidence, Whereabouts


class MemoryLastWords:
    """``expect`` raises NotFoundError for an assembly that there is not."""

    def __init__(self, expect: Callable[[str, str], object]) -> None:
        self._expect = expect
        self.kept: list[InstanceEvidence] = []
        self.consoles: dict[str, str] = {}  # by instance

    async def evidence(self, name: str, assembly: str, generation: int | None = None) -> list[InstanceEvidence]:
        self._expect(name, assembly)
        found = [each for each in self.kept if generation in {None, each.generation}]
        if generation is not None and not found:
            raise NotFoundError(f"nothing is kept of generation {generation} of {name}/{assembly}", "none of its instances was replaced")
        return found

    async def console(self, name: str, assembly: str, generation: int) -> ConsoleNow:
        one = (await self.evidence(name, assembly, generation))[0]
        if one.whereabouts is Whereabouts.GONE:
            raise RefusedError(f"{one.instance} is gone: nobody has its console any more", "look at its evidence")
        return ConsoleNow(instance=one.instance, console=self.consoles[one.instance])
