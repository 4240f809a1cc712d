"""``pcloud resource``: list, restart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic_core import to_jsonable_python

from pcloud.cli.assembly import act, read_statuses
from pcloud.cli.completing import targets
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.targets import Target, expect, target
from pcloud.records.status import DeployableStatus, ResourceStatus
from pcloud.screen.columns import columns
from pcloud.screen.console import Screen
from pcloud.screen.format import ago, clean, state_text

app = typer.Typer(help="Services on the machines.", no_args_is_help=True)


@app.command("list", epilog="Example: pcloud resource list wordpress/mysql")
def list_all(
    of: Annotated[
        str | None,
        typer.Argument(metavar="[DEPLOYABLE[/ASSEMBLY]]", help="Of this one only.", show_default=False, autocompletion=targets(1, 2)),
    ] = None,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """List resources."""
    sought = target(of, most=2) if of else None
    screen, now = Screen(), datetime.now(UTC)
    found = _found(read_statuses(sought.deployable if sought else None), sought)
    body = [{"deployable": deployable, "assembly": assembly} | to_jsonable_python(one) for deployable, assembly, one in found]
    rows = [
        (f"{deployable}/{assembly}/{one.name}", state_text(one.state), ago(one.since, now), clean(one.reason))
        for deployable, assembly, one in found
    ]
    emit(screen, chosen(output, json), body, lambda: columns(("RESOURCE", "STATE", "SINCE", "REASON"), rows, screen.width))


def _found(statuses: list[DeployableStatus], sought: Target | None) -> list[tuple[str, str, ResourceStatus]]:
    """The resources with the names of what they are in; of one assembly only, if that is sought."""
    if sought:
        expect(statuses[0], sought)
    only = sought.assembly if sought else ""
    return [
        (status.name, assembly.name, one)
        for status in statuses
        for assembly in status.assemblies
        for one in assembly.resources
        if only in {"", assembly.name}
    ]


@app.command(epilog="Example: pcloud resource restart wordpress/mysql/mysqld")
def restart(
    resource: Annotated[str, typer.Argument(metavar="DEPLOYABLE/ASSEMBLY/RESOURCE", help="The resource.", autocompletion=targets(3, 3))],
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Restart a resource now."""
    sought = target(resource, least=3)
    act(sought, "is restarted", lambda client: client.restart(sought.deployable, sought.assembly, sought.resource), chosen(output, json))
