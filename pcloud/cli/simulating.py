"""Reads a spec and a trace, runs the simulation and writes its decisions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text

from pcloud.cli.options import Output
from pcloud.cli.output import as_json, as_yaml
from pcloud.client.spec_files import LONGEST, read_text
from pcloud.errors import NotFoundError
from pcloud.model.plan import DeployablePlan
from pcloud.screen.columns import columns
from pcloud.screen.console import Screen
from pcloud.screen.format import clean
from pcloud.simulation.output import HEADER, Record, as_body, cells
from pcloud.simulation.run import simulate
from pcloud.simulation.trace import TraceError, read_trace
from pcloud.spec.files import files_of
from pcloud.spec.overriding import plan_overridden
from pcloud.spec.problems import SpecError

USAGE = 2  # exit code (interface.md)
STDIN = "-"
SCRIPT = "#!/bin/sh\n"  # in the place of every script: none is run, none need be there
STYLES = {"act": "cyan", "recovered": "green", "hold": "yellow", "suppress": "yellow", "freeze": "bold yellow"}
ALARMING = "bold red"


def simulate_files(spec: str, trace: str, settings: Sequence[str], jitter: float, until: float | None, output: Output) -> None:
    """Write what the policy decides; exit code 2 for what cannot be simulated."""
    try:
        plan = _plan(spec, settings)
    except SpecError as error:
        error.exit_code = USAGE  # here it is what the command was given, not what it found
        raise
    text = _trace(trace)
    name = "standard input" if trace == STDIN else trace
    _write(simulate(plan, read_trace(text, plan, name), jitter=jitter, until=until), output)


def _plan(path: str, settings: Sequence[str]) -> DeployablePlan:
    source = read_text(Path(path))
    if source is None:
        raise NotFoundError(f"there is no file {path}")
    return plan_overridden(source, path=path, files=dict.fromkeys(files_of(source), SCRIPT), settings=settings)


def _trace(path: str) -> str:
    """The trace's text; empty where nobody gives one."""
    if path != STDIN:
        text = read_text(Path(path))
        if text is None:
            raise NotFoundError(f"there is no file {path}")
        return text
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    try:
        text = sys.stdin.read(LONGEST + 1)
    except UnicodeDecodeError as error:
        raise TraceError("standard input is not UTF-8 text") from error
    if len(text) > LONGEST:
        raise TraceError(f"standard input is longer than {LONGEST:,} characters")
    return text


def _write(records: Sequence[Record], output: Output) -> None:
    screen = Screen()
    match output:
        case Output.TABLE:
            screen.say_all(columns(HEADER, [_row(each) for each in records], screen.width))
        case Output.JSON:
            for each in records:
                screen.raw(as_json(as_body(each)))
        case Output.YAML:
            screen.raw(as_yaml([as_body(each) for each in records]))


def _row(record: Record) -> list[Text | str]:
    time, target, decision, *rest = cells(record)
    return [time, Text(target, "bold"), Text(decision, STYLES.get(decision, ALARMING)), *(clean(each) for each in rest)]
