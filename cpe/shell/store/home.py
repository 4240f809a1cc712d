"""Where a store belongs: one directory on one machine. One that is opened elsewhere, or put back in its place, was moved or restored.

Rules:
- The store knows its home, and a file beside it (``home``) knows which store is at home there and how often that was opened: so a copy is
  found out in another directory, on another machine, beside another store's daemon, and when it takes the place of a later state of itself.
- What cannot be told (a machine without an id) says nothing. A whole directory that is set back with all that is in it cannot be found out.
- A machine's id is kept as a hash that means nothing elsewhere, as machine-id(5) asks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from cpe.shell.store.schema import open_for_writing
from cpe.shell.store.sums import inserting
from pcloud.errors import StoreError

STORE_FILE = "store.db"
HOME_FILE = "home"
HOME = "home"
"""The key of the mark in the store."""
RESTORED = "restored"
"""The mark of a store that was put back from a backup: it is at home nowhere."""

MACHINE_ID = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


@dataclass(frozen=True, slots=True)
class Home:
    """A machine ("" for one without an id) and the real path of a state directory."""

    machine: str
    directory: str

    @classmethod
    def of(cls, directory: Path, machine_ids: tuple[Path, ...] = MACHINE_ID) -> Home:
        """The home that a directory is, here and now."""
        return cls(machine(machine_ids), os.path.realpath(directory))

    def text(self) -> str:
        """As it is kept in the store."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Resident:
    """The store that was at home in a directory last: its controller, and the number of its last start."""

    controller: str
    starts: int


def machine(files: tuple[Path, ...]) -> str:
    """This machine's id as far as pcloud is concerned; "" where it has none."""
    for file in files:
        try:
            found = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if found and found != "uninitialized":
            return hmac.new(found.encode(), b"pcloud store", hashlib.sha256).hexdigest()[:32]
    return ""


def moved(mark: str | None, here: Home, resident: Resident | None, *, controller: str, starts: int) -> str:
    """Why a store is not at home here, in words; empty if it is.

    ``mark`` is its own word of its home, None for a new one and for one of a version that kept none; ``starts`` is how often it was opened.
    """
    if mark is None:
        return ""
    if mark == RESTORED:
        return "the store was restored from a backup"
    home = Home(**json.loads(mark))
    if home.machine and here.machine and home.machine != here.machine:
        return "the store was moved here from another machine"
    if home.directory != here.directory:
        return f"the store was moved here from {home.directory}"
    if resident is None or resident.controller != controller:
        return f"the store was put into {here.directory} from elsewhere"
    if resident.starts > starts:
        return f"the store is an older one than was in {here.directory} last: it was put back"
    return ""


def read_resident(directory: Path) -> Resident | None:
    """Who is at home in a directory; None where nobody is, or it cannot be told."""
    try:
        found = json.loads((directory / HOME_FILE).read_text(encoding="utf-8"))
        return Resident(str(found["controller"]), int(found["starts"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_resident(directory: Path, resident: Resident) -> None:
    """Write it down durably, as a whole or not at all. StoreError."""
    path = directory / HOME_FILE
    try:
        new = path.with_name(f"{HOME_FILE}.new")
        new.touch(mode=0o600)
        with new.open("w", encoding="utf-8") as file:
            json.dump(asdict(resident), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}", "look at the disk that it is on") from error


def refuse_emptied(path: Path) -> None:
    """StoreError for an empty file in which a store was: to begin anew would be to forget all machines."""
    if path.exists() and path.stat().st_size == 0 and read_resident(path.parent) is not None:
        message = f"{path} is empty, and a store was at home there"
        raise StoreError(message, f"restore it from a backup, or move {path.parent} away; it was left as it is")


def mark_restored(path: Path) -> None:
    """Mark a store that no daemon works on as put back from a backup: whoever opens it next only observes. StoreError."""
    connection = open_for_writing(path)
    try:
        connection.execute(inserting("meta", "INSERT OR REPLACE"), (HOME, RESTORED))
    finally:
        connection.close()
