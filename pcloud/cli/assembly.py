"""``pcloud assembly``: list, status, reboot, relaunch, ssh, evidence, confirm-dead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic_core import to_jsonable_python

from pcloud.cli import adopting
from pcloud.cli.completing import deployables, targets
from pcloud.cli.confirming import confirm_dead
from pcloud.cli.connecting import connected
from pcloud.cli.evidence import evidence
from pcloud.cli.login import log_in
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.status import UNHEALTHY, all_statuses
from pcloud.cli.targets import Target, expect, suggesting, target
from pcloud.client import Client
from pcloud.records.status import AssemblyStatus, DeployableStatus
from pcloud.screen.columns import columns
from pcloud.screen.console import Screen
from pcloud.screen.format import ago, clean, state_text
from pcloud.screen.status import assembly_lines, instance_text, status_lines

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
            return list(all_statuses(client))
        with suggesting(client, target(deployable, most=1)):
            return [client.status(deployable)]


@app.command("status", epilog="Example: pcloud assembly status wordpress/mysql")
def show_status(assembly: AssemblyArgument, output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """Show how an assembly and its resources stand. Exit code 5 unless it is healthy."""
    sought, screen = target(assembly, least=2, most=2), Screen()
    with connected() as client, suggesting(client, sought):
        whole = client.status(sought.deployable)
    expect(whole, sought)
    found = next(one for one in whole.assemblies if one.name == sought.assembly)
    body = {"deployable": whole.name} | to_jsonable_python(found)
    emit(screen, chosen(output, json), body, lambda: assembly_lines(whole, found, datetime.now(UTC), screen.width))
    if found.state != "healthy":
        raise typer.Exit(UNHEALTHY)


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


app.command("adopt", epilog="Example: pcloud assembly adopt wordpress/mysql --instance 3f2a1c")(adopting.adopt)


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
    terminal: Annotated[bool, typer.Option("--tty", "-t", help="Give the command a terminal, as for top or an editor.")] = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Log in to an assembly, its host key verified. The exit code is that of the shell or command there; 255 if ssh fails.

    With -o json or yaml: only show how to log in."""
    sought = target(assembly, least=2, most=2)
    with connected() as client, suggesting(client, sought):
        found = client.ssh_target(sought.deployable, sought.assembly)
    if chosen(output, json) is Output.TABLE:
        log_in(found, command or [], terminal=terminal)
    emit(Screen(), chosen(output, json), found, list)


app.command("evidence", epilog="Example: pcloud assembly evidence wordpress/mysql --generation 2")(evidence)
app.command("confirm-dead", epilog="Example: pcloud assembly confirm-dead wordpress/mysql --reason 'its host burnt down'")(confirm_dead)
