"""``pcloud status`` and ``pcloud deployable status``: how things stand, once or as they change.

Rules: exit code 5 unless all that is shown is healthy; watching ends with Ctrl-C, exit code 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from pcloud.cli.completing import deployables
from pcloud.cli.connecting import connected
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import as_json, as_yaml, emit
from pcloud.cli.targets import suggesting, target
from pcloud.client import Client
from pcloud.errors import NotFoundError, PcloudError
from pcloud.records.status import DeployableStatus
from pcloud.screen.console import Screen
from pcloud.screen.status import status_lines
from pcloud.screen.watching import Watch

UNHEALTHY = 5  # exit code (interface.md)
NONE = "no deployable is registered; `pcloud deployable create FILE` registers one"

Statuses = list[DeployableStatus]

WatchOption = Annotated[bool, typer.Option("--watch", "-w", help="Go on showing it as it changes, until Ctrl-C.")]


def status(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="This deployable only; else all.", show_default=False, autocompletion=deployables),
    ] = None,
    watch: WatchOption = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Show how a deployable stands, or all of them, as a tree with states and reasons. Exit code 5 unless all are healthy.

    With --watch, -o json is one object a line and -o yaml one document for each change.
    """
    screen, form = Screen(), chosen(output, json)
    sought = target(name, most=1) if name else None
    with connected() as client:
        if watch:
            _watch(client, screen, name, form)
            return
        if sought is not None:
            with suggesting(client, sought):
                found = _read(client, name)
        else:
            found = _read(client, None)
    emit(screen, form, _body(found, name), lambda: _lines(found, screen.width))
    if any(each.state != "healthy" for each in found):
        raise typer.Exit(UNHEALTHY)


def _watch(client: Client, screen: Screen, name: str | None, form: Output) -> None:
    """Until Ctrl-C, or nobody reads any more."""

    def write(found: Statuses) -> None:
        match form:
            case Output.TABLE:
                now = datetime.now(UTC)
                screen.say_all([Text(f"{now.astimezone():%H:%M:%S}", "dim"), *_lines(found, screen.width)])
            case Output.JSON:
                screen.raw(as_json(_body(found, name)))
            case Output.YAML:
                screen.raw(f"---\n{as_yaml(_body(found, name))}")

    def told(error: PcloudError) -> None:
        Screen(stderr=True).say(f"{error}; waiting for it")

    watch = Watch(screen, lambda: _read(client, name), lambda found: _lines(found, screen.width))
    try:
        if name:
            with suggesting(client, target(name, most=1)):
                client.status(name)
        if form is Output.TABLE and screen.is_terminal:
            watch.in_place()
        else:
            watch.changes(write, told)
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(0) from interrupt


def _read(client: Client, name: str | None) -> Statuses:
    return [client.status(name)] if name is not None else list(all_statuses(client))


def all_statuses(client: Client) -> Iterator[DeployableStatus]:
    """Of all deployables; one that is deleted meanwhile is left out."""
    for each in client.list_deployables():
        try:
            yield client.status(each.name)
        except NotFoundError:
            continue


def _body(found: Statuses, name: str | None) -> DeployableStatus | Statuses:
    return found if name is None else found[0]


def _lines(found: Statuses, width: int) -> list[Text]:
    """The trees, with an empty line between two."""
    if not found:
        return [Text(NONE)]
    now, lines = datetime.now(UTC), list[Text]()
    for number, each in enumerate(found):
        lines += [Text()] if number else []
        lines += status_lines(each, now, width)
    return lines
