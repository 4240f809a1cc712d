"""Copies of frozen dataclasses with some fields changed, as cheap as Python allows.

Rules: for dataclasses that can have drafts (``pcloud.model.drafts``); one function is made for each class, when it is first needed, which
names every slot, so that nothing is looked up in a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pcloud.model.drafts import copier

T = TypeVar("T")


def differs(old: object, changes: Mapping[str, Any]) -> bool:
    """Whether a write would change anything: most would not, and must cost little."""
    for field, value in changes.items():
        known = getattr(old, field)
        if known is not value and known != value:
            return True
    return False


def altered(old: T, changes: Mapping[str, Any]) -> T:
    """What ``dataclasses.replace`` returns, many times faster. AttributeError for a field that is not there."""
    kind = type(old)
    new = _COPIERS[kind](old)
    for name, value in changes.items():
        setattr(new, name, value)
    new.__class__ = kind
    return new  # type: ignore[no-any-return]


def replace(old: T, **changes: Any) -> T:
    """The same, with ``dataclasses.replace``'s way of being called."""
    return altered(old, changes)


class _Copiers(dict[type[Any], Callable[[Any], Any]]):
    """Made on demand."""

    def __missing__(self, kind: type[Any]) -> Callable[[Any], Any]:
        self[kind] = copier(kind)
        return self[kind]


_COPIERS = _Copiers()
