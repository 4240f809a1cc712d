"""``pcloud top``: how everything stands, in figures, as it changes.

Rules: it only looks; Ctrl-C ends it, exit code 0; a daemon that restarts meanwhile is waited for.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from pcloud.cli.connecting import connected
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen, seconds
from pcloud.cli.output import as_json, as_yaml, emit
from pcloud.client import Client
from pcloud.errors import PcloudError
from pcloud.records.overview import Overview
from pcloud.screen.console import Screen
from pcloud.screen.format import clock
from pcloud.screen.top import fitted, top_lines
from pcloud.screen.watching import Watch

WORST = 8
"""Deployables in trouble that have their line: with these all of it fits 24 lines."""
SHORTEST = 0.2
"""Seconds between two looks, at the least: more often nobody can read it."""


def top(
    once: Annotated[bool, typer.Option("--once", help="Show it once, and end.")] = False,
    interval: Annotated[
        float, typer.Option("--interval", "-d", parser=seconds, metavar="DURATION", help="The time between two looks.")
    ] = 1.0,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Show how everything stands: deployables by state, machines, checks, actions, guards, and who is in trouble. Until Ctrl-C.

    In a pipe each look is written below the one before; with -o json it is one object a line, with -o yaml one document.
    """
    if interval < SHORTEST:
        raise typer.BadParameter(f"--interval must be at least {SHORTEST:g}s")
    screen, form = Screen(), chosen(output, json)
    with connected() as client:
        if once:
            seen = client.overview(worst=WORST)
            emit(screen, form, seen, lambda: top_lines(seen, screen.width))
            return
        try:
            _watch(client, screen, form, interval)
        except KeyboardInterrupt as interrupt:
            raise typer.Exit(0) from interrupt


def _watch(client: Client, screen: Screen, form: Output, interval: float) -> None:
    """Until interrupted, or nobody reads any more."""

    def write(seen: Overview) -> None:
        match form:
            case Output.TABLE:
                screen.say_all([Text(clock(seen.at, seen.at), "dim"), *top_lines(seen, screen.width), Text()])
            case Output.JSON:
                screen.raw(as_json(seen))
            case Output.YAML:
                screen.raw(f"---\n{as_yaml(seen)}")

    def lines(seen: Overview) -> list[Text]:
        return fitted(list(top_lines(seen, screen.width)), screen.height - 1)  # the first line is the watch's own

    def told(error: PcloudError) -> None:
        Screen(stderr=True).say(f"{error}; waiting for it")

    watch = Watch(screen, lambda: client.overview(worst=WORST), lines, tick=interval)
    if form is Output.TABLE and screen.is_terminal:
        watch.in_place()
    else:
        watch.changes(write, told)
