"""What an infrastructure's images and sizes are called: each name looked up once for all who launch at about the same time.

Rules: an id counts before a name; what nothing or several things are called is a hard error that says what there is.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.failures import unknown_name
from pcloud.errors import HardInfrastructureError

REMEMBERED = 60.0
"""Seconds for which a name of an image or a size means the same thing: every launch asks, and some clouds list a thousand images."""


class Named:
    """Those of one account at the infrastructure ``name``."""

    def __init__(self, name: str, calls: Calls) -> None:
        self._name = name
        self._calls = calls
        self._found: dict[tuple[str, str], tuple[float, Any]] = {}
        self._turns: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def find(self, what: str, name: str, list_all: Callable[[Any], list[Any]]) -> Any:
        """The image or size of that id or name; HardInfrastructureError unless there is exactly one. No size asked for: the smallest."""
        key = what, name
        async with self._turns[key]:
            at, thing = self._found.get(key, (0.0, None))
            if thing is None or time.monotonic() - at >= REMEMBERED:
                thing = self._chosen(what, name, await self._calls(f"listing {what}s", list_all, question=True))
                self._found[key] = (time.monotonic(), thing)
            return thing

    def _chosen(self, what: str, name: str, known: list[Any]) -> Any:
        if what == "size" and not name:
            return min(known, key=lambda size: size.ram)
        found = [thing for thing in known if thing.id == name] or [thing for thing in known if thing.name == name]
        if not found:
            raise unknown_name(self._name, what, name, [thing.name for thing in known])
        if len(found) > 1:
            ids = ", ".join(str(thing.id) for thing in found)
            raise HardInfrastructureError(f"{self._name}: {len(found)} {what}s are called {name!r}", f"say which by its id: {ids}")
        return found[0]
