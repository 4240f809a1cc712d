"""``pcloud deployable``: check, create, start, reload, stop, status, show, list, delete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from pcloud.cli.asking import expect_yes
from pcloud.cli.completing import deployables, deployables_and_specs, specs
from pcloud.cli.connecting import connected
from pcloud.cli.going import go
from pcloud.cli.options import JsonOption, Output, OutputOption, TimeoutOption, chosen
from pcloud.cli.output import emit
from pcloud.cli.reloading import registered
from pcloud.cli.reloading import reload as have_reloaded
from pcloud.cli.reloading import show as show_plan
from pcloud.cli.status import status
from pcloud.cli.targets import suggesting, target
from pcloud.client.spec_files import is_file, uploaded
from pcloud.model.words import Desired
from pcloud.screen.console import Screen
from pcloud.screen.status import status_lines, summary_lines

app = typer.Typer(help="Applications of several machines.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The deployable.", autocompletion=deployables)]
FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="Its spec, a YAML file.", autocompletion=specs)]
NameOrFileArgument = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE", help="A deployable, or its spec (with a dot or slash in it).", autocompletion=deployables_and_specs
    ),
]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Do not wait until it is done.")]


@app.command(epilog="Example: pcloud deployable check wordpress.yaml")
def check(file: FileArgument, output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """Check a spec and all that it refers to; no daemon is needed. Exit code 1 if anything is wrong."""
    from pcloud.cli.check import check_file  # noqa: PLC0415 - brings networkx, which would slow down every other command by a third

    check_file(file, chosen(output, json))


@app.command(epilog="Example: pcloud deployable create wordpress.yaml")
def create(
    file: FileArgument,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of another spec; the deployable must be stopped.")
    ] = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Register a deployable from its spec, without starting it. The same content again changes nothing."""
    screen = Screen()
    with connected() as client:
        status = client.create(uploaded(file), replace=replace)
    emit(screen, chosen(output, json), status, lambda: status_lines(status, datetime.now(UTC), screen.width))


@app.command(epilog="Example: pcloud deployable start wordpress.yaml --timeout 10m")
def start(
    deployable: NameOrFileArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before it is changed to what FILE says.")] = False,
    timeout: TimeoutOption = None,
    no_wait: NoWaitOption = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Launch what is missing, in dependency order, and wait until all is healthy. FILE is registered first, or reloaded.

    Ctrl-C stops the waiting, not the deployable. Exit code 5: something is blocked or exhausted and waits for you.
    """
    with connected() as client:
        name = registered(client, uploaded(deployable), chosen(output, json), yes=yes) if is_file(deployable) else deployable
        with suggesting(client, target(name, most=1)):
            status = client.start(name)
        go(client, status, Desired.RUNNING, timeout, chosen(output, json), wait=not no_wait)


@app.command(epilog="Example: pcloud deployable reload wordpress wordpress.yaml --plan")
def reload(
    name: NameArgument,
    file: FileArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    plan: Annotated[bool, typer.Option("--plan", "--dry-run", help="Show the plan, and change nothing.")] = False,
    timeout: TimeoutOption = None,
    no_wait: NoWaitOption = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Make a deployable what its spec says now, by the smallest change: show the plan, ask, do it, and wait until all is healthy.

    Ctrl-C stops the waiting, not the change. -o json writes the plan. Exit code 4: nobody said yes, or it was changed meanwhile.
    """
    how = chosen(output, json)
    with connected() as client, suggesting(client, target(name, most=1)):
        upload = uploaded(file)
        found = client.plan(name, upload)
        show_plan(Screen(), found, file, how)
        if not plan:
            have_reloaded(client, found, upload, timeout, how, yes=yes, wait=not no_wait)


@app.command(epilog="Example: pcloud deployable stop wordpress")
def stop(
    name: NameArgument,
    timeout: TimeoutOption = None,
    no_wait: NoWaitOption = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Stop the services, then destroy the instances, in reverse order. Volumes, ports and addresses stay."""
    with connected() as client:
        with suggesting(client, target(name, most=1)):
            status = client.stop(name)
        go(client, status, Desired.STOPPED, timeout, chosen(output, json), wait=not no_wait)


app.command("status", epilog="Example: pcloud deployable status wordpress --watch")(status)


@app.command(epilog="Example: pcloud deployable show wordpress --effective")
def show(
    deployable: NameOrFileArgument,
    effective: Annotated[
        bool, typer.Option("--effective", help="Every recovery and monitor setting of every target, and where it comes from.")
    ] = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Show the spec as it is registered, or with --effective what it comes to. For a FILE no daemon is needed.

    The table of --effective has what each target uses itself; -o json and yaml have what is there to be inherited as well.
    """
    from pcloud.cli.show import show_file, show_registered  # noqa: PLC0415 - as for check

    (show_file if is_file(deployable) else show_registered)(deployable, chosen(output, json), effective=effective)


@app.command("list", epilog="Example: pcloud deployable list -o json")
def list_all(output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """List all deployables."""
    screen = Screen()
    with connected() as client:
        found = client.list_deployables()
    emit(screen, chosen(output, json), found, lambda: summary_lines(found, screen.width))


@app.command(epilog="Example: pcloud deployable delete wordpress --volumes")
def delete(
    name: NameArgument,
    volumes: Annotated[bool, typer.Option("--volumes", help="Delete its volumes as well, with all data on them.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Forget a stopped deployable."""
    screen = Screen()
    with connected() as client, suggesting(client, target(name, most=1)):
        if volumes:
            client.status(name)  # an unknown name is said before anything is asked
            if not yes:
                expect_yes(
                    f"Delete the volumes of {name} with all data on them?",
                    without=f"the volumes of {name} are deleted only with a yes",
                    otherwise=f"{name} and its volumes are left as they are",
                )
        client.delete(name, volumes=volumes)
    said = Text(f"{name} is deleted" + (" with its volumes" if volumes else ""))
    emit(screen, chosen(output, json), {"name": name, "deleted": True}, lambda: [said])
