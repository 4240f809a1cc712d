"""How a machine's directory comes to be: root file tree, keys, volumes, the files and scripts that its user data asks for.

Rules: built aside and renamed, so that it appears whole; what the user data asks for and cannot be had is told on the console.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cpe.shell.infrastructures.local import sshd
from cpe.shell.infrastructures.local.cloudinit import File, FirstBoot
from cpe.shell.infrastructures.local.disk import remove_tree, write_whole
from cpe.shell.infrastructures.local.machine import CONSOLE
from cpe.shell.infrastructures.local.names import path_below
from cpe.shell.infrastructures.local.records import MachineRecord
from cpe.shell.infrastructures.local.refusals import ConflictError
from cpe.shell.infrastructures.local.volumes import Volumes

PARTS = ("root/home", "root/run", "firstboot", "begun")
"""What every machine has; the last two are for the scripts of the first boot, waiting and begun."""

SCRIPT_MODE = 0o700


def build(parent: Path, record: MachineRecord, wanted: FirstBoot, mounts: Mapping[str, str], volumes: Volumes) -> None:
    """Make the directory of a machine below ``parent``; nothing is left when that fails. ``mounts``: volume id to path."""
    place = parent / f".new-{record.id}"
    place.mkdir(mode=0o700)
    try:
        _fill(place, record, wanted, mounts, volumes)
        place.rename(parent / record.id)
    except BaseException:
        remove_tree(place)
        raise


def _fill(place: Path, record: MachineRecord, wanted: FirstBoot, mounts: Mapping[str, str], volumes: Volumes) -> None:
    for part in PARTS:
        (place / part).mkdir(parents=True)
    record.save(place)
    sshd.install(place / "ssh", authorized_keys=wanted.authorized_keys, host_private=wanted.host_private, host_public=wanted.host_public)
    root = place / "root"
    volumes.mount([volumes.attach(volume, record.id, path) for volume, path in mounts.items()], root)
    notes = [*wanted.notes, *(note for file in wanted.files if (note := _write(root, file)))]
    for number, script in enumerate(wanted.scripts):
        write_whole(place / "firstboot" / f"script-{number:03}", script, SCRIPT_MODE)
    write_whole(place / CONSOLE, "".join(f"{note}\n" for note in notes).encode())


def _write(root: Path, file: File) -> str:
    """Write one file of the user data; what is wrong with it is returned."""
    try:
        path = path_below(root, file.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, file.content, file.mode)
    except (OSError, ConflictError) as error:
        return f"user data: {file.path} cannot be written: {error}"
    return ""
