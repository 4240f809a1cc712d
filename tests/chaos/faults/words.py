"""The words that all faults share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.chaos.schedule import Fault
from tests.chaos.world import World

Undo = Callable[[], None]
Strike = Callable[[World, Fault], Undo | None]
Strikes = Mapping[str, Strike]


class MissedError(Exception):
    """There is nothing to strike just now: the machine is being made, or is off."""
