"""Targets as the API filters by them: DEPLOYABLE[/ASSEMBLY[/RESOURCE]].

Rules: "" is everything; a target takes in all that is below it.
"""

from __future__ import annotations

from pcloud.records.event import EventRecord


def covers(target: str, event: EventRecord) -> bool:
    """Whether ``event`` is about ``target`` or something below it."""
    return not target or event.target == target or event.target.startswith(f"{target}/")
