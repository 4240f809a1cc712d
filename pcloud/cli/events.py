"""``pcloud events``: what happened, and what happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pcloud.cli.archiving import ArchiveOption, BeforeOption, archive
from pcloud.cli.completing import targets
from pcloud.cli.connecting import connected
from pcloud.cli.options import JsonOption, Output, OutputOption, SinceOption, chosen
from pcloud.cli.output import as_json, as_yaml, emit
from pcloud.cli.targets import Target, expect, resolved, suggesting
from pcloud.client import Client
from pcloud.records.event import ALERT, EventRecord
from pcloud.screen.console import Screen
from pcloud.screen.format import clean, event_line, for_people

PAGE = 500  # events asked for at once
MOST = 1000  # the most that the API gives at once


KindOption = Annotated[
    str, typer.Option("--kind", metavar="KIND", help="Only events of this kind: alert, decided, changed …", show_default=False)
]


def events(  # noqa: PLR0913, PLR0917 - each is an option
    of: Annotated[
        str | None,
        typer.Argument(
            metavar="[TARGET]",
            help="DEPLOYABLE[/ASSEMBLY[/RESOURCE]], or a name that nothing else has.",
            show_default=False,
            autocompletion=targets(1, 3),
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with events as they happen, until Ctrl-C.")] = False,
    since: SinceOption = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, max=1000, help="So many of the last ones, unless --since is given.")] = 30,
    kind: KindOption = "",
    alerts: Annotated[bool, typer.Option("--alerts", help="Only alerts; the same as --kind alert.")] = False,
    into: ArchiveOption = None,
    before: BeforeOption = None,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Show events, oldest first. With -f, -o json is one object a line and -o yaml one document an event."""
    only = _only(kind, alerts=alerts)
    _refuse_contradictions(into, before, follow=follow)
    screen, form = Screen(), chosen(output, json)
    with connected() as client:
        sought = resolved(client, of) if of else None
        if into is not None:
            done = archive(client, into, str(sought or ""), since, before, only)
            emit(screen, form, done, lambda: [Text(clean(f"{done['events']} events are in {into}"))])
            return
        newest = client.events(limit=1, last=True)  # first: what happens from here on comes by the stream
        spare = 2 if form is Output.TABLE and not only else 1  # an event that is no line of the log stands beside one that is
        found = _stored(client, sought, since, min(MOST, spare * lines), only)
        shown = _wanted(found, form, only, lines if since is None else None)
        if follow:
            begin = max((event.seq for event in (*newest, *found)), default=0)
            _follow(screen, form, only, shown, client.stream_events(target=str(sought or ""), after=begin, kind=only))
        else:
            emit(screen, form, shown, lambda: (event_line(event, datetime.now(UTC)) for event in shown))


def _only(kind: str, *, alerts: bool) -> str:
    if alerts and kind not in {"", ALERT}:
        raise typer.BadParameter(f"--alerts and --kind {kind} contradict each other")
    return ALERT if alerts else kind


def _refuse_contradictions(into: Path | None, before: datetime | None, *, follow: bool) -> None:
    if into is not None and follow:
        raise typer.BadParameter("--archive and --follow contradict each other: what is stored ends now")
    if before is not None and into is None:
        raise typer.BadParameter("--before is for --archive alone")


def _wanted(found: list[EventRecord], form: Output, only: str, last: int | None) -> list[EventRecord]:
    """The last so many of those that are shown in this form, or all of them."""
    shown = list(for_people(found, only)) if form is Output.TABLE else found
    return shown if last is None else shown[-last:] if last else []


def _stored(client: Client, sought: Target | None, since: datetime | None, lines: int, kind: str) -> list[EventRecord]:
    """The last ``lines`` of a target, or all since then; where there is none there may be no such target."""
    found = _read(client, str(sought or ""), since, lines, kind)
    if sought and not found:
        with suggesting(client, sought):
            expect(client.status(sought.deployable), sought)
    return found


def _read(client: Client, of: str, since: datetime | None, lines: int, kind: str) -> list[EventRecord]:
    """The last ``lines``, or all since then."""
    if since is None:
        return client.events(limit=lines, target=of, last=True, kind=kind) if lines else []
    found: list[EventRecord] = []
    while page := client.events(after=found[-1].seq if found else 0, limit=PAGE, target=of, since=since, kind=kind):
        found += page
    return found


def _follow(screen: Screen, form: Output, only: str, found: Iterable[EventRecord], coming: Iterator[EventRecord]) -> None:
    try:
        with screen.ended_with_reader():
            everything = chain(found, coming)
            for event in for_people(everything, only) if form is Output.TABLE else everything:
                _write(screen, form, event)
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(0) from interrupt


def _write(screen: Screen, form: Output, event: EventRecord) -> None:
    match form:
        case Output.TABLE:
            screen.say(event_line(event, datetime.now(UTC)))
        case Output.JSON:
            screen.raw(as_json(event))
        case Output.YAML:
            screen.raw(f"---\n{as_yaml(event)}")
