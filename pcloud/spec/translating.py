"""Pydantic's judgement of a document, in our words and at the right lines.

Rules: what is wrong is taken out and the rest is judged on, so that one mistake hides no other; a problem that only the taking out made
is not reported.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pcloud.spec.document import Document
from pcloud.spec.problems import KeyPath, SpecProblem
from pcloud.spec.schema import DeployableKeys
from pcloud.spec.wording import as_written, is_about_key, known_keys, wording

ROUNDS = 20
"""How often what is wrong is taken out; each round lays bare one more level, and the format has fewer."""

UNNAMED = "unnamed"
"""Stands for a deployable's name that is missing or wrong while the rest is judged."""


def judged(document: Document) -> tuple[DeployableKeys | None, list[tuple[KeyPath, SpecProblem]]]:
    """What is sound of the document (None if nothing is left to judge on), and what is not, with its paths."""
    data: Any = copy.deepcopy(document.data)
    found: list[tuple[KeyPath, SpecProblem]] = []
    for turn in range(ROUNDS):
        try:
            return DeployableKeys.model_validate(data), found
        except ValidationError as error:
            details = error.errors(include_url=False)
        if turn == 0:
            found = [_problem(document, detail) for detail in details]
        for path in {_key_path(_path(data, detail["loc"])): None for detail in details}:
            _take_out(data, path)
        data.setdefault("deployable", UNNAMED)
        if not data.get("assemblies"):
            break
    return None, found


def _path(data: Any, loc: Sequence[int | str]) -> KeyPath:
    """The part of a pydantic location that stands in the data: it adds words of its own, such as ``[key]``."""
    path: list[int | str] = []
    for step in loc:
        if _has(data, step):
            data = data[step]
            path.append(step)
    return tuple(path)


def _has(data: object, step: int | str) -> bool:
    if isinstance(data, list):
        return isinstance(step, int) and step < len(data)
    return isinstance(data, dict) and step in data


def _key_path(path: KeyPath) -> KeyPath:
    """The nearest key above: taking out items of a list would move the others, so the whole list goes."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return path


def _take_out(data: Any, path: KeyPath) -> None:
    if not path:  # something is missing at the top
        return
    *way, last = path
    for step in way:
        if not _has(data, step):
            return  # gone with an earlier one
        data = data[step]
    data.pop(last, None)


def _problem(document: Document, detail: ErrorDetails) -> tuple[KeyPath, SpecProblem]:
    path = _path(document.data, detail["loc"])
    message, cure = wording(detail, known_keys(DeployableKeys, path[:-1]))
    message = as_written(message, detail["input"], document.written.get(path))
    if detail["type"] == "missing":
        path = (*path, detail["loc"][-1])
    return path, document.problem(path, message, cure, key=is_about_key(detail))
