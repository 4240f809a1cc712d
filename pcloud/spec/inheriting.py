"""Which of several levels a setting comes from: one rule for what is planned and for what is shown of it.

Rules: levels stand farthest first; the nearest that writes a key wins, key by key (policy.md section 3, "Inherited").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Inherited(Generic[V]):
    """A value and where it comes from: the place of its level, or None for what is built in.

    ``note`` says why, where that is a question.
    """

    value: V
    level: int | None
    key: str  # as it is written there
    note: str = ""


def nearest(levels: Sequence[object], key: str, default: V, *aliases: str) -> Inherited[V]:
    """The value of ``key``, which may have other names, on the nearest level that writes it; a level need not know it."""
    for number in reversed(range(len(levels))):
        for name in (key, *aliases):
            value = getattr(levels[number], name, None)
            if value is not None:
                return Inherited(value, number, name)
    return Inherited(default, None, key)
