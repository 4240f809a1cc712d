"""A fault: what is wrong at a path, before anybody knows the line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pcloud.spec.problems import KeyPath


@dataclass(frozen=True, slots=True)
class Fault:
    """Wrong at ``path``; ``key`` means its key rather than its value."""

    path: KeyPath
    message: str
    cure: str = ""
    key: bool = False

    def follows(self, broken: Iterable[KeyPath]) -> bool:
        """Whether it may come only of what is broken at or below its path, or below its counterpart among the defaults."""
        places = (self.path, ("defaults", *self.path[2:]) if self.path[:1] == ("assemblies",) else self.path)
        return any(path[: len(place)] == place for path in broken for place in places)
