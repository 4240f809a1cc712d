"""``pcloud assembly``: list, reboot, relaunch, ssh."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic_core import to_jsonable_python

from pcloud.cli.completing import deployables, targets
from pcloud.cli.connecting import connected
from pcloud.cli.login import log_in
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.targets import Target, suggesting, target
from pcloud.client import Client
from pcloud.records.status import AssemblyStatus, DeployableStatus
from pcloud.screen.columns import columns
from pcloud.screen.console import Screen
from pcloud.screen.format import ago, clean, state_text
from pcloud.screen.status import instance_text, status_lines

app = typer.Typer(help="Machines of a deployable.", no_args_is_help=True)

AssemblyArgument = Annotated[str, typer.Argument(metavar="DEPLOYABLE/ASSEMBLY", help="The assembly.", autocompletion=targets(2, 2))]
DeployableArgument = Annotated[
    str | None, typer.Argument(metavar="[DEPLOYABLE]", help="Of this one only.", show_default=False, autocompletion=deployables)
]


@app.command("list", epilog="Example: pcloud assembly list wordpress")
def list_all(deployable: DeployableArgument = None, output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """List assemblies with their instances."""
    screen, now = Screen(), datetime.now(UTC)
    found = [(status.name, one) for status in read_statuses(deployable) for one in status.assemblies]
    body = [{"deployable": name} | to_jsonable_python(one) for name, one in found]
    rows = [(f"{name}/{one.name}", state_text(one.state), ago(one.since, now), _where(one), clean(one.reason)) for name, one in found]
    header = ("ASSEMBLY", "STATE", "SINCE", "INSTANCE", "REASON")
    emit(screen, chosen(output, json), body, lambda: columns(header, rows, screen.width))


def _where(assembly: AssemblyStatus) -> str:
    return f"{instance_text(assembly.instance)} on {assembly.infrastructure}" if assembly.instance else ""


def read_statuses(deployable: str | None) -> list[DeployableStatus]:
    """Of one deployable, or of all."""
    with connected() as client:
        if deployable is None:
            return [client.status(one.name) for one in client.list_deployables()]
        with suggesting(client, target(deployable, most=1)):
            return [client.status(deployable)]


@app.command(epilog="Example: pcloud assembly reboot wordpress/mysql")
def reboot(assembly: AssemblyArgument, output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """Reboot the instance of an assembly now."""
    sought = target(assembly, least=2, most=2)
    act(sought, "reboots", lambda client: client.reboot(sought.deployable, sought.assembly), chosen(output, json))


@app.command(epilog="Example: pcloud assembly relaunch wordpress/mysql")
def relaunch(assembly: AssemblyArgument, output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """Replace the instance of an assembly by a new one now. Its volumes stay."""
    sought = target(assembly, least=2, most=2)
    act(sought, "is relaunched", lambda client: client.relaunch(sought.deployable, sought.assembly), chosen(output, json))


def act(sought: Target, verb: str, ask: Callable[[Client], DeployableStatus], output: Output) -> None:
    """Ask for something to be done by hand, and say that it was begun."""
    screen = Screen()
    with connected() as client, suggesting(client, sought):
        status = ask(client)
    if output is Output.TABLE:
        screen.say(f"{sought} {verb}; see `pcloud events -f {sought.deployable}`")
    else:
        emit(screen, output, status, lambda: status_lines(status, datetime.now(UTC), screen.width))


@app.command(epilog="Example: pcloud assembly ssh wordpress/mysql -- uptime")
def ssh(
    assembly: AssemblyArgument,
    command: Annotated[
        list[str] | None, typer.Argument(metavar="[-- COMMAND...]", help="Run this instead of a shell.", show_default=False)
    ] = None,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Log in to an assembly, its host key verified. With -o json or yaml: only show how to log in."""
    sought = target(assembly, least=2, most=2)
    with connected() as client, suggesting(client, sought):
        found = client.ssh_target(sought.deployable, sought.assembly)
    if chosen(output, json) is Output.TABLE:
        log_in(found, command or [])
    emit(Screen(), chosen(output, json), found, list)
