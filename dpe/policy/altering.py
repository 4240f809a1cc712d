"""Copies of frozen dataclasses with some fields changed, as cheap as Python allows: most of a step's time is this.

Rules: for dataclasses with slots; one function is made for each class, when it is first needed, which names every slot, so that nothing is
looked up in a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
Copier = tuple[Callable[[Any, Any], None], Mapping[str, Callable[[Any, Any], None]]]


def differs(old: object, changes: Mapping[str, Any]) -> bool:
    """Whether a write would change anything: most would not, and must cost little."""
    for field, value in changes.items():
        known = getattr(old, field)
        if known is not value and known != value:
            return True
    return False


def altered(old: T, changes: Mapping[str, Any]) -> T:
    """What ``dataclasses.replace`` returns, several times faster. KeyError for a field that is not there."""
    kind = type(old)
    new: T = object.__new__(kind)
    copy, setters = _COPIERS[kind]
    copy(new, old)
    for name, value in changes.items():
        setters[name](new, value)
    return new


def replace(old: T, **changes: Any) -> T:
    """The same, with ``dataclasses.replace``'s way of being called."""
    return altered(old, changes)


class _Copiers(dict[type[Any], Copier]):
    """Made on demand: a function that copies every slot, and the setters of the slots, since frozen classes have no other way in."""

    def __missing__(self, kind: type[Any]) -> Copier:
        setters = {name: kind.__dict__[name].__set__ for name in kind.__slots__}
        lines = [f"    set_{name}(new, old.{name})" for name in setters]
        made: dict[str, Any] = {f"set_{name}": setter for name, setter in setters.items()}
        exec("\n".join(["def copy(new, old):", *lines]), made)  # noqa: S102 - of our own field names
        self[kind] = made["copy"], setters
        return self[kind]


_COPIERS = _Copiers()
