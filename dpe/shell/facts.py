"""Facts on their way to the policy: an event whose moment is set when it is handed over, not when it was noticed by somebody else."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pcloud.model.events import Event


class Fact:
    """An event that still lacks its moment."""

    __slots__ = ("fields", "kind")

    def __init__(self, kind: type[Event], **fields: Any) -> None:
        self.kind = kind
        self.fields = fields

    @classmethod
    def undated(cls, event: Event) -> Fact:
        """What an event says, without its moment."""
        return cls(type(event), **{each.name: getattr(event, each.name) for each in fields(event) if each.name not in {"at", "wall"}})

    def happened(self, at: float, wall: float) -> Event:
        """The event, at that moment."""
        return self.kind(at=at, wall=wall, **self.fields)

    def __repr__(self) -> str:
        return f"Fact({self.kind.__name__}, {self.fields})"
