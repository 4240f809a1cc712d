"""``pcloud infrastructure``: list, test, audit."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from pcloud.cli.auditing import audit
from pcloud.cli.completing import infrastructures
from pcloud.cli.connecting import connected
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.records.infrastructures import Found, InfrastructureTrial, TrialRequest
from pcloud.screen.columns import columns
from pcloud.screen.console import Screen
from pcloud.screen.format import clean

FAILED = 1  # exit code (interface.md)
STYLES = {Found.PASSED: "green", Found.FAILED: "bold red", Found.LACKING: "yellow", Found.SKIPPED: "dim"}

app = typer.Typer(help="Clouds that machines are launched on.", no_args_is_help=True)


@app.command("list", epilog="Example: pcloud infrastructure list")
def list_all(output: OutputOption = Output.TABLE, json: JsonOption = False) -> None:
    """List infrastructures, as they are configured."""
    screen = Screen()
    with connected() as client:
        found = client.list_infrastructures()
    rows = [(each.name, each.driver, each.cloud, ", ".join(each.anchors)) for each in found]
    emit(screen, chosen(output, json), found, lambda: columns(("NAME", "DRIVER", "CLOUD", "ANCHORS"), rows, screen.width))


@app.command("test", epilog="Example: pcloud infrastructure test local --launch")
def try_out(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The infrastructure.", autocompletion=infrastructures)],
    launch: Annotated[bool, typer.Option("--launch", help="Launch a machine, make a volume, and destroy both again.")] = False,
    image: Annotated[str, typer.Option("--image", metavar="IMAGE", help="With which image; else the first.", show_default=False)] = "",
    size: Annotated[str, typer.Option("--size", metavar="SIZE", help="Of which size; else the smallest.", show_default=False)] = "",
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Try an infrastructure: connect, list, see what its driver can do, reach its anchors. Exit code 1 if a step fails.

    Without --launch nothing is made or changed there.
    """
    if (image or size) and not launch:
        raise typer.BadParameter("--image and --size are of the machine that --launch launches")
    screen = Screen()
    with connected() as client:
        found = client.test_infrastructure(name, TrialRequest(launch=launch, image=image, size=size))
    emit(screen, chosen(output, json), found, lambda: trial_lines(found, screen.width))
    if not found.ok:
        raise typer.Exit(FAILED)


def trial_lines(trial: InfrastructureTrial, width: int) -> list[Text]:
    """A row for each step, and the verdict."""
    rows = [
        (step.what, Text(step.found, STYLES[step.found]), f"{step.seconds:.1f}s", clean("; ".join(filter(None, (step.said, step.cure)))))
        for step in trial.steps
    ]
    failed = sum(step.found is Found.FAILED for step in trial.steps)
    verdict = f"{trial.name} works" if trial.ok else f"{failed} of {len(trial.steps)} steps of {trial.name} failed"
    return [*columns(("STEP", "FOUND", "TOOK", "DETAIL"), rows, width), Text(verdict, "green" if trial.ok else "bold red")]


app.command("audit", epilog="Example: pcloud infrastructure audit local --clean")(audit)
