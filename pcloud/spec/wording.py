"""One error of pydantic in our words: what is wrong, and what would be right."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from pcloud.spec.fields import OURS
from pcloud.spec.problems import KeyPath, did_you_mean
from pcloud.spec.units import shown

_SHOULD_BE = {
    "model_type": ("no mapping", "write keys with values"),
    "dict_type": ("no mapping", "write keys with values"),
    "list_type": ("no list", "write [A, B]"),
    "tuple_type": ("no list", "write [A, B]"),
}


def wording(detail: ErrorDetails, known: Sequence[str]) -> tuple[str, str]:
    """Message and cure; ``known`` are the keys that could stand where an unknown one does."""
    kind, context = detail["type"], detail.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return f'unknown key "{detail["loc"][-1]}"', did_you_mean(str(detail["loc"][-1]), known, "known keys")
        case "missing":
            return "is missing", "it must be there"
        case "too_short":
            return "is empty", "write at least one"
        case _ if kind == OURS:
            return context["message"], context["cure"]
        case _ if kind in _SHOULD_BE:
            what, cure = _SHOULD_BE[kind]
            return f"{shown(detail['input'])} is {what}", cure
        case _:
            return f"{shown(detail['input'])}: {detail['msg']}", ""


def as_written(message: str, value: object, written: str | None) -> str:
    """The message with the value as it stands in the file, and what YAML makes of it where that is a surprise: ``no`` is false."""
    read = shown(value)
    if written is None or written == read or not message.startswith(read):
        return message
    surprise = f" (to YAML it is {read.lower()})" if isinstance(value, bool) and written.lower() != read.lower() else ""
    return f"{written}{surprise}{message.removeprefix(read)}"


def is_about_key(detail: ErrorDetails) -> bool:
    """Whether the key is wrong rather than its value."""
    return detail["type"] == "extra_forbidden" or "[key]" in detail["loc"]


def known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that a mapping at ``path`` below ``model`` may have, as they are written; none where any may stand."""
    steps = iter(path)
    for step in steps:
        field = next((field for name, field in model.model_fields.items() if step in (name, field.alias)), None)
        inner = model_in(field.annotation) if field else None
        if field is None or inner is None:
            return []
        if _is_container(field.annotation):
            next(steps, None)
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def model_in(annotation: object) -> type[BaseModel] | None:
    """The mapping with known keys that a field holds, be it one or many of them; None where it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := model_in(part))), None)


def _is_container(annotation: object) -> bool:
    origin = get_origin(annotation)
    if origin in (Annotated, Union, types.UnionType):
        return any(_is_container(part) for part in get_args(annotation))
    return origin in (dict, list)
