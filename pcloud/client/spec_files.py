"""Reads a spec and the scripts that it refers to, so that it can be judged here or sent.

Rules: paths in a spec are relative to the spec; a script that is not there is left out, and is then a problem at its line of the spec.
"""

from __future__ import annotations

from pathlib import Path

from pcloud.errors import NotFoundError, PcloudError
from pcloud.records.requests import SpecUpload
from pcloud.spec.files import files_of

LONGEST = 1_000_000  # characters of a spec or a script: more than anybody writes, less than harms


def is_file(argument: str) -> bool:
    """Whether NAME|FILE means a file: names have neither dots nor slashes."""
    return "." in argument or "/" in argument


def read_spec(path: str) -> SpecUpload:
    """The spec at ``path`` with its scripts; NotFoundError if there is no such file."""
    source = read_text(Path(path))
    if source is None:
        raise NotFoundError(f"there is no file {path}")
    scripts = {name: read_text(Path(path).parent / name) for name in files_of(source)}
    return SpecUpload(source=source, path=path, files={name: text for name, text in scripts.items() if text is not None})


def read_text(path: Path) -> str | None:
    """What is in the file; None if there is none. PcloudError for what is no text, or too long."""
    try:
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
