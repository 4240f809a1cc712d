"""Frozen dataclasses made at the price of open ones: a step makes dozens of them, and much of its time is this.

Rules: a draft is a class with the same slots and without the lock on them. Assigning a slot of a draft is several times cheaper than
calling its setter, the only way into a frozen object; when all are filled, the object's class becomes the one that was asked for. Nobody
else sees a draft. For dataclasses with slots, whose bases are such as well, without a ``__post_init__`` or fields that are no parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")


def draft_of(kind: type[Any]) -> type[Any]:
    """The draft of a class. It has the same base, as Python demands of a class that an object may change to."""
    body = {"__slots__": kind.__slots__, "__setattr__": object.__setattr__}
    return type(f"Draft{kind.__name__}", kind.__bases__, body)


def quick(kind: type[T]) -> type[T]:
    """Give a frozen dataclass a constructor that fills a draft; to be written above ``@dataclass(frozen=True, slots=True, …)``."""
    if hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} has a __post_init__")
    known: dict[str, Any] = {"_open": object.__setattr__, "_draft": draft_of(kind), "_kind": kind, "_missing": MISSING}
    positional, keywords, lines = ["self"], ["*"], ['_open(self, "__class__", _draft)']
    for each in fields(kind):  # type: ignore[arg-type]  # that it is a dataclass, fields() itself checks
        if not each.init:
            raise TypeError(f"{kind.__name__}.{each.name} is no parameter")
        known[f"_default_{each.name}"] = each.default
        if each.default_factory is not MISSING:
            known[f"_make_{each.name}"] = each.default_factory
            lines.append(f"if {each.name} is _missing: {each.name} = _make_{each.name}()")
        required = each.default is MISSING and each.default_factory is MISSING
        (keywords if each.kw_only else positional).append(each.name if required else f"{each.name}=_default_{each.name}")
        lines.append(f"self.{each.name} = {each.name}")
    parameters = [*positional, *keywords] if len(keywords) > 1 else positional
    init = _function("__init__", parameters, [*lines, "self.__class__ = _kind"], known)
    setattr(kind, "__init__", init)  # noqa: B010  # an assignment of a method is none that mypy lets pass
    return kind


def copier(kind: type[Any]) -> Callable[[Any], Any]:
    """A function that makes a filled draft of an object of a class."""
    lines = ["new = _new(_draft)", *(f"new.{each.name} = old.{each.name}" for each in fields(kind)), "return new"]
    return _function("copy", ["old"], lines, {"_draft": draft_of(kind), "_new": object.__new__})


def _function(name: str, parameters: list[str], lines: list[str], known: dict[str, Any]) -> Callable[..., Any]:
    exec("\n    ".join([f"def {name}({', '.join(parameters)}):", *lines]), known)  # noqa: S102  # of our own field names
    made: Callable[..., Any] = known[name]
    return made
