"""Options that several commands have, and how their words are read.

Rules: a word that cannot be read is a usage error (exit code 2) that says what would be right.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from pcloud.spec.units import DURATION_HINT, duration


class Output(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def seconds(word: str) -> float:
    """A duration, as an option is read."""
    try:
        return duration(word)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; {DURATION_HINT}") from error


def read_moment(word: str) -> datetime:
    """A moment, as an option is read."""
    try:
        return moment(word, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def moment(word: str, now: datetime) -> datetime:
    """The moment that ``10m`` (ago), ``12:01[:03]`` (today), or an ISO 8601 time stands for; without a zone it is local. ValueError."""
    for read in (_ago, _today, _iso):
        try:
            return read(word, now)
        except ValueError:
            continue
    raise ValueError(f'"{word}" is no moment; write how long ago (10m), a time of today (12:01), or 2025-01-31T12:01:00Z')


def _ago(word: str, now: datetime) -> datetime:
    return now - timedelta(seconds=duration(word))


def _today(word: str, now: datetime) -> datetime:
    return datetime.combine(now.astimezone().date(), time.fromisoformat(word)).astimezone()


def _iso(word: str, _now: datetime) -> datetime:
    return datetime.fromisoformat(word).astimezone()


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="How to write the result.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as -o json.")]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        "--timeout", parser=seconds, metavar="DURATION", help="How long to wait; exit code 7 after that. Default: as long as it takes."
    ),
]
SinceOption = Annotated[
    datetime | None,
    typer.Option("--since", parser=read_moment, metavar="WHEN", help="How long ago (10m), a time of today (12:01), or an ISO 8601 time."),
]


def chosen(output: Output, json: bool) -> Output:
    return Output.JSON if json else output
