"""``pcloud explain``: why something was done or not done, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pcloud.cli.completing import targets
from pcloud.cli.connecting import connected
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.picturing import draw
from pcloud.cli.targets import resolved, suggesting
from pcloud.screen.console import Screen
from pcloud.screen.explaining import explanation_lines


def explain(
    of: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="DEPLOYABLE[/ASSEMBLY[/RESOURCE]], with everything below it, or a name that nothing else has.",
            autocompletion=targets(1, 3),
        ),
    ],
    last: Annotated[int, typer.Option("--last", "-n", min=1, max=100, help="So many of the last decisions.")] = 1,
    picture: Annotated[
        Path | None,
        typer.Option("--svg", metavar="FILE", help="Write the recovery as a picture to this file instead.", show_default=False),
    ] = None,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Explain the last decisions: evidence, counters, rule, guards, what was done, and how it ended."""
    screen = Screen()
    with connected() as client:
        sought = resolved(client, of)
        with suggesting(client, sought):
            found = client.explanations(str(sought), last=last)
        if picture is not None:
            draw(client, screen, sought, found, picture)
            return
    nothing = [Text(f"Nothing was decided about {sought} yet.")]
    emit(screen, chosen(output, json), found, lambda: explanation_lines(found, datetime.now(UTC), screen.width) if found else nothing)
