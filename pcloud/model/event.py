"""The root of all that ``step`` is told: when it happened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The root of all events."""

    at: float
    wall: float = 0.0
