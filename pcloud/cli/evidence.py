"""``pcloud assembly evidence``: what is kept of an assembly's replaced instances, and how to look at those that are still there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from pcloud.cli.completing import targets
from pcloud.cli.connecting import connected
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.targets import Target, suggesting, target
from pcloud.client import Client
from pcloud.errors import RefusedError
from pcloud.records.evidence import Whereabouts
from pcloud.screen.console import Screen
from pcloud.screen.evidence import evidence_lines
from pcloud.screen.format import printable


def evidence(
    assembly: Annotated[str, typer.Argument(metavar="DEPLOYABLE/ASSEMBLY", help="The assembly.", autocompletion=targets(2, 2))],
    generation: Annotated[
        int | None, typer.Option("--generation", metavar="N", min=1, help="Of this one only; else of all.", show_default=False)
    ] = None,
    console: Annotated[
        bool, typer.Option("--console", help="The console of the newest that is still there, or of N, as its cloud has it now.")
    ] = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Show what is kept of the instances of an assembly that were replaced: why, their last probes, the end of their console.

    An instance that failed stays for a day, switched off (keep_failed in the spec); how to look at it is said."""
    sought, screen, form = target(assembly, least=2, most=2), Screen(), chosen(output, json)
    with connected() as client, suggesting(client, sought):
        if console:
            said = client.console(sought.deployable, sought.assembly, generation or _newest(client, sought))
            lines = printable(said.console.expandtabs().replace("\r", "")).rstrip("\n").split("\n")
            emit(screen, form, said, lambda: [Text(line) for line in lines])
            return
        found = client.evidence(sought.deployable, sought.assembly, generation)
    nothing = [Text(f"nothing is kept of {sought}: no instance of it was replaced")]
    emit(screen, form, found, lambda: evidence_lines(str(sought), found, datetime.now(UTC), screen.width) if found else nothing)


def _newest(client: Client, sought: Target) -> int:
    """The generation of the newest replaced instance that is still there."""
    there = [each for each in client.evidence(sought.deployable, sought.assembly) if each.whereabouts is not Whereabouts.GONE]
    if not there:
        cure = f"pcloud assembly evidence {sought} shows what is left of them"
        raise RefusedError(f"no replaced instance of {sought} is still there", cure)
    return there[0].generation
