"""Reads a spec and the scripts that it refers to, so that it can be judged here or sent.

Rules: paths in a spec are relative to the spec; a script that is not there is left out, and is then a problem at its line of the spec.
"""

from __future__ import annotations

import os
from pathlib import Path

from pcloud.errors import NotFoundError, PcloudError
from pcloud.records.requests import SpecUpload
from pcloud.spec.files import files_of

OPENED = Path("/dev/fd")  # where shells put <(COMMAND), and somebody writes already
LONGEST = 1_000_000  # characters of a spec or a script: more than anybody writes, less than harms


TRIES = 5
"""An editor that saves is done within one; whoever writes on and on is not waited for."""


def is_file(argument: str) -> bool:
    """Whether NAME|FILE means a file: names have neither dots nor slashes."""
    return "." in argument or "/" in argument


def read_spec(path: str) -> SpecUpload:
    """The spec at ``path`` with its scripts; NotFoundError if there is no such file, PcloudError while somebody is writing it."""
    upload = _read_once(path)
    if OPENED in Path(path).parents:  # what a shell writes for us can be read once only
        return upload
    for _ in range(TRIES):
        again = _read_once(path)
        if again == upload:
            return upload
        upload = again
    raise PcloudError(f"{path} is being written: it changed while it was read", "run it again when that is done")


def _read_once(path: str) -> SpecUpload:
    source = read_text(Path(path))
    if source is None:
        raise NotFoundError(f"there is no file {path}")
    scripts = {name: _script(Path(path).parent / name) for name in files_of(source)}
    return SpecUpload(source=source, path=path, files={name: text for name, text in scripts.items() if text is not None})


def uploaded(path: str) -> SpecUpload:
    """The same to be sent: by its whole path, since the daemon does not know where we are, and secrets lie beside it."""
    return read_spec(path).model_copy(update={"path": os.path.abspath(path)})  # noqa: PTH100 - symbolic links stay what they are


def _script(path: Path) -> str | None:
    """The text of a script; None for what cannot be one, which is then a problem of the spec, beside the others."""
    try:
        return read_text(path)
    except PcloudError:
        return None


def read_text(path: Path) -> str | None:
    """What is in the file; None if there is none. PcloudError for what is no file, no text, or too long."""
    try:
        if path.is_fifo() and OPENED not in path.parents:  # to open it would wait for somebody to write to it
            raise PcloudError(f"cannot read {path}: it is a pipe", "write its content to a file")
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST + 1)
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise PcloudError(f"cannot read {path}: it is not UTF-8 text") from error
    except OSError as error:
        raise PcloudError(f"cannot read {path}: {error.strerror or error}") from error
    if len(text) > LONGEST:
        raise PcloudError(f"cannot read {path}: it is longer than {LONGEST:,} characters")
    return text
