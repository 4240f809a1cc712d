"""``pcloud simulate``: what the policy would decide, without a daemon."""

from __future__ import annotations

from typing import Annotated

import typer

from pcloud.cli.completing import files, specs
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen, seconds


def simulate(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A spec; scripts that it refers to need not be there.", autocompletion=specs)],
    trace: Annotated[
        str, typer.Argument(metavar="TRACE", help="What happens, one fact a line; - is standard input.", autocompletion=files)
    ] = "-",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a setting for this run; may be repeated.")
    ] = None,
    jitter: Annotated[float, typer.Option("--jitter", min=0, max=10, help="How much delays are jittered; 0 makes times exact.")] = 0.25,
    until: Annotated[
        float | None,
        typer.Option(
            "--until", parser=seconds, metavar="TIME", help="Go on until then. Default: until nothing but repeats is to come, at most 24h."
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Show what the policy decides about a trace of faults: the daemon's own function, a time without waiting. No daemon is needed.

    A trace is text: TIME fail|pass TARGET, silent|external-stop|confirm-dead ASSEMBLY, cloud ASSEMBLY STATUS, cloud-api|anchors down|up,
    stall|pause DURATION, action restart|reboot|relaunch|stop hangs|fails|works [TARGET], approve.
    """
    from pcloud.cli.simulating import simulate_files  # noqa: PLC0415 - brings networkx, which would slow down every other command by a third

    simulate_files(spec, trace, settings or [], jitter, until, chosen(output, json))
