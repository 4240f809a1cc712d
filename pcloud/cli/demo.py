"""``pcloud demo``: becomes the demo, which is a program of its own beside the command line (``python -m pcloud.demo``)."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running at the end.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Explain each recovery, as pcloud explain does.")] = False,
    target: Annotated[
        str | None, typer.Option("--break", metavar="TARGET", help="Break ASSEMBLY/RESOURCE, ASSEMBLY or ASSEMBLY=destroy of a kept demo.")
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="End a kept demo and remove what it left.")] = False,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Which kept demo, where there are several: the name of its directory.")
    ] = None,
) -> None:
    """Watch a real WordPress and its database being broken and healed, on this machine; nothing is left behind."""
    flags = {"--keep": keep, "--explain": explain, "--end": end}
    options = {"--break": target, "--name": name}
    words = [flag for flag, given in flags.items() if given]
    words += [word for option, value in options.items() if value for word in (option, value)]
    program = [sys.executable, "-m", "pcloud.demo", *words]
    os.execv(sys.executable, program)  # noqa: S606 - no shell is wanted: the words are ours
