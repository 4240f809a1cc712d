"""``pcloud backup``: all that the controller needs to go on elsewhere, as one file.

Rules: the daemon makes it, and goes on meanwhile; the file is written here, for its owner only, and is there when it is whole and durable,
or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Annotated

import typer
from rich.text import Text

from pcloud.cli.connecting import connected
from pcloud.cli.options import JsonOption, Output, OutputOption, chosen
from pcloud.cli.output import emit
from pcloud.errors import PcloudError, RefusedError
from pcloud.screen.console import Screen
from pcloud.screen.format import clean


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where it is to be.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    output: OutputOption = Output.TABLE,
    json: JsonOption = False,
) -> None:
    """Back up the store and the keys of all machines into one file, while the daemon goes on. pcloud restore puts it back.

    Whoever has the file can log in to every machine: keep it as safe as a key. Secrets' values and pcloud.toml are not in it.
    """
    if not force:
        refuse_taken(file)
    with whole_file(file, replace=force) as new, connected() as client:
        client.backup(new.write)
    body = {"file": str(file.absolute()), "bytes": file.stat().st_size}
    said = f"{file}: {body['bytes']} bytes, the store and the keys of all machines: keep it as safe as a key"
    emit(Screen(), chosen(output, json), body, lambda: [Text(clean(said))])


def refuse_taken(file: Path) -> None:
    """RefusedError where it exists."""
    if file.exists() or file.is_symlink():
        raise RefusedError(f"{file} exists", "name another file, or remove it first")


@contextmanager
def whole_file(file: Path, *, replace: bool) -> Iterator[IO[bytes]]:
    """A new file for its owner only, which gets its name when it is complete and on the disk; nothing is left of it otherwise."""
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as new:  # 0600
            path = Path(new.name)
            try:
                yield new
                new.flush()
                os.fsync(new.fileno())
                if replace:
                    path.replace(file)
                else:
                    file.hardlink_to(path)  # unlike a rename it never replaces anything
            except FileExistsError:
                refuse_taken(file)
                raise
            finally:
                path.unlink(missing_ok=True)
        _flush_directory(file.parent)
    except OSError as error:
        raise PcloudError(
            f"{file} cannot be written: {error.strerror or error}", "name a file in a directory of yours that has room"
        ) from error


def _flush_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
