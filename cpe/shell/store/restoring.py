"""Putting a backup in the place of what a state directory holds; no daemon runs there meanwhile.

Rules:
- The file is checked first, and only read. What was there before is kept, in a directory of its own beside it.
- All that is new is made ready and durable before anything is moved. From then on whoever comes next, another restore or a daemon, finishes
  it: a restore that was broken off leaves the old state or the new one, never a directory without a store.
- The store is marked as restored: the daemon that opens it only observes, until somebody says takeover.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cpe.shell.store.backup import KEYS, check_backup, keys_in
from cpe.shell.store.home import HOME_FILE, STORE_FILE, mark_restored
from cpe.shell.store.lock import DirectoryLock
from cpe.shell.store.schema import open_for_writing
from pcloud.errors import StoreError

READY = "restoring"
"""What is complete, and only has to be moved into its place."""

MAKING = "restoring.new"
ASIDE = "aside"
"""In what is ready: the name of the directory for what was there before."""

OLD = (f"{STORE_FILE}-wal", f"{STORE_FILE}-shm", HOME_FILE)
"""What belongs to the store of before, beside its file and the keys."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: ``kept`` is where that is which was there before, None if nothing was."""

    directory: Path
    deployables: int
    kept: Path | None


def restore(backup: Path, directory: Path, now: datetime | None = None) -> Restored:
    """Make ``backup`` the state in ``directory``. RefusedError while a daemon works on it; StoreError."""
    check_backup(backup)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = DirectoryLock(directory)
        try:
            finish(directory)
            deployables = _make_ready(backup, directory, now or datetime.now(UTC))
            return Restored(directory, deployables, finish(directory))
        finally:
            lock.release()
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{directory} cannot be restored: {error}", "what was there before is still there; look at its disk") from error


def _make_ready(backup: Path, directory: Path, now: datetime) -> int:
    """Make what is new, whole and durable; the number of deployables in it."""
    making = directory / MAKING
    shutil.rmtree(making, ignore_errors=True)  # of one that was broken off
    making.mkdir(mode=0o700)
    store = making / STORE_FILE
    store.touch(mode=0o600)
    shutil.copyfile(backup, store)
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        for place, content in keys_in(connection, backup):
            _write_key(making / KEYS / place, content)
        connection.execute(f"DROP TABLE {KEYS}")
    with closing(open_for_writing(store)) as connection:  # also makes its tables those of now
        deployables = int(connection.execute("SELECT count(*) FROM deployables").fetchone()[0])
    mark_restored(store)
    (making / KEYS).mkdir(mode=0o700, exist_ok=True)
    (making / ASIDE).write_text(f"before-restore-{now:%Y%m%dT%H%M%SZ}", encoding="ascii")
    _close_to_others(making, directory.stat())
    _flush(making)
    making.rename(directory / READY)
    _flush_entry(directory)
    return deployables


def _write_key(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(content, encoding="ascii")


def finish(directory: Path) -> Path | None:
    """Move what is ready into its place; where that is which was there before. Nothing to do is no error; StoreError."""
    try:
        return _move(directory)
    except OSError as error:
        message = f"the restore of {directory} cannot be finished: {error}"
        raise StoreError(message, "mend that, and start the daemon or restore again: it goes on where it was") from error


def _move(directory: Path) -> Path | None:
    ready = directory / READY
    if not ready.exists():
        return None
    aside = directory / (ready / ASIDE).read_text(encoding="ascii")
    for name in (KEYS, STORE_FILE):  # as long as the new store is not in its place, what is there is of before
        if (ready / name).exists():
            for old in (*OLD, name) if name == STORE_FILE else (name,):
                _put_aside(directory / old, aside)
            (ready / name).rename(directory / name)
            _flush_entry(directory)
    shutil.rmtree(ready)
    _flush_entry(directory)
    return aside if aside.exists() else None


def _put_aside(path: Path, aside: Path) -> None:
    if path.exists():
        aside.mkdir(mode=0o700, exist_ok=True)
        path.rename(aside / path.name)


def _close_to_others(made: Path, owner: os.stat_result) -> None:
    """For the daemon's eyes only; what root restores for one that is somebody else must be that one's."""
    for each in (made, *made.rglob("*")):
        if each.is_dir():
            each.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(each, owner.st_uid, owner.st_gid)


def _flush(made: Path) -> None:
    for each in (*made.rglob("*"), made):
        _flush_entry(each)


def _flush_entry(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
