"""``pcloud restore``: what ``pcloud backup`` has made becomes the state of this machine's controller. No daemon runs meanwhile.

Rules: what is there is kept beside it, and a yes is asked for where anything is there; afterwards the daemon only observes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pcloud import places
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.errors import RefusedError
from pcloud.screen.console import Screen
from pcloud.screen.format import clean


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What pcloud backup has made.", show_default=False)],
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIRECTORY", help="The daemon's state directory; else the usual one.", show_default=False),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Put a backup in the place of the controller's state, while no daemon runs. What is there now is kept beside it.

    The daemon that starts on it only observes until somebody says pcloud takeover: much may have happened since the backup.
    """
    from cpe.shell.store.backup import check_backup  # noqa: PLC0415 - the store would slow down every other command
    from cpe.shell.store.home import STORE_FILE  # noqa: PLC0415
    from cpe.shell.store.restoring import restore as put_back  # noqa: PLC0415

    directory = (state if state is not None else places.state_directory()).absolute()
    check_backup(file)
    if (directory / STORE_FILE).exists() and not yes:
        _confirm(directory)
    done = put_back(file, directory)
    body = {"directory": str(directory), "deployables": done.deployables, "kept": str(done.kept) if done.kept is not None else None}
    said = [f"{directory} is restored: {done.deployables} deployable{'' if done.deployables == 1 else 's'}"]
    said += [f"what was there before is in {done.kept}"] if done.kept is not None else []
    said += ["start the daemon; it only observes until `pcloud takeover`"]
    emit(Screen(), chosen(output, json), body, lambda: [Text(clean(line)) for line in said])


def _confirm(directory: Path) -> None:
    screen = Screen(stderr=True)
    if not screen.is_terminal:
        raise RefusedError(f"{directory} holds a store, which is replaced only with a yes", "add --yes")
    if not typer.confirm(f"{directory} holds a store. Put the backup in its place, and keep the old one beside it?", err=True):
        raise RefusedError(f"{directory} is left as it is")
