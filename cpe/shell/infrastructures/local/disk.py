"""What the embedded cloud remembers: small JSON files, replaced whole, and locks between threads and processes.

Rules: a record is written to a file beside it, flushed to the disk and renamed, so that it is found old or new, never half.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cpe.shell.infrastructures.local.refusals import ConflictError

LOCK_PATIENCE = 20.0
"""Seconds to wait for whoever holds a lock: more than the longest thing that is done under one, an orderly power-off."""

LOCK_RETRY = 0.02
"""Seconds between two tries for a lock: short beside everything that is done under one."""


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace the file ``path`` by ``content``, so that no reader and no crash ever finds half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_record(path: Path, record: dict[str, object]) -> None:
    write_whole(path, json.dumps(record, indent=1, sort_keys=True).encode() + b"\n")


@contextmanager
def locked(path: Path, patience: float = LOCK_PATIENCE) -> Iterator[None]:
    """Hold the lock that the file ``path`` stands for; ConflictError when somebody else holds it for ``patience`` seconds."""
    deadline = time.monotonic() + patience
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    raise ConflictError(f"{path.parent.name} is busy with something else") from error
                time.sleep(LOCK_RETRY)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it, also what its owner made unwritable; links are removed, not followed.

    Somebody else may be removing it at the same time.
    """
    while path.exists():
        with suppress(FileNotFoundError):
            for directory, below, _ in os.walk(path):
                for name in below:
                    _open_up(Path(directory, name))
            shutil.rmtree(path)


def _open_up(directory: Path) -> None:
    if not directory.is_symlink() and not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        directory.chmod(0o700)
