"""Writes results: lines for people, JSON or YAML for programs.

Rules: what programs get is the API's own body.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import yaml
from pydantic_core import to_jsonable_python
from rich.text import Text

from pcloud.cli.options import Output
from pcloud.screen.console import Screen


def emit(screen: Screen, output: Output, body: Any, lines: Callable[[], Iterable[Text]]) -> None:
    """Write ``body``, or for people the ``lines``."""
    match output:
        case Output.TABLE:
            screen.say_all(lines())
        case Output.JSON:
            screen.raw(as_json(body, indent=2))
        case Output.YAML:
            screen.raw(as_yaml(body))


def as_json(body: Any, indent: int | None = None) -> str:
    return json.dumps(to_jsonable_python(body, by_alias=True), indent=indent, ensure_ascii=False)


def as_yaml(body: Any) -> str:
    return str(yaml.safe_dump(to_jsonable_python(body, by_alias=True), sort_keys=False, allow_unicode=True)).rstrip("\n")
