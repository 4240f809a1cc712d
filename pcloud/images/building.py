"""Builds an image: a tree by mmdebstrap, and of that a disk.

Rules: what can be known to fail is refused before anything is begun; the same inputs again are no work.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pcloud.errors import PcloudError, RefusedError
from pcloud.images import sealed
from pcloud.images.recipe import Form, Recipe
from pcloud.images.record import ImageRecord, image_file
from pcloud.images.store import ImageStore

Told = Callable[[str], None]

TOOLS = {"mmdebstrap": "mmdebstrap", **dict.fromkeys(sealed.TOOLS, "util-linux")}
DISK_TOOLS = {"mke2fs": "e2fsprogs", "qemu-img": "qemu-utils"}
"""Programs, by the Debian packages that bring them."""

MIB = 2**20
ROOM = {Form.TREE: 1024 * MIB, Form.QCOW2: 2048 * MIB}
"""Bytes that must be free: a tree takes 300 to 500 MiB, its packages as much again while it is built; a disk is two more copies of it."""

UNTOLD = tuple(f"I: {word}" for word in ("automatically", "chroot architecture", "finding", "running --customize-hook", "success"))
"""How lines begin that name no stage."""

SMALLEST = 1200 * MIB  # of a disk: it fits the smallest flavour that can boot it, and has some room
SPARE = 1.3  # of a larger tree: what its disk has beyond it
STEP = 100 * MIB
JOURNAL = 8  # MiB: a hard reboot of a file system without a journal lost what its guest had just configured


def build(store: ImageStore, name: str, recipe: Recipe, told: Told, *, replace: bool = False) -> tuple[ImageRecord, bool]:
    """The image ``name``, and whether it was made now: one of the same inputs is there already, unless it is to be replaced.

    Raises RefusedError, PcloudError, TimedOutError; after these, and after KeyboardInterrupt, everything is as before.
    """
    recipe.check()
    architecture = _architecture(recipe)
    key = recipe.key(architecture)
    known = None if replace else store.known(name)
    if known is not None:
        if known.key == key:
            return known, False
        cure = "choose another name, or --replace it"
        raise RefusedError(f"the image {name} is there already, made of other inputs on {known.made[:10]}", cure)
    if replace and name in store.names():
        store.refuse_used(store.directory / name)
    began = time.monotonic()
    with sealed.ended_politely(), store.room(name) as place:
        parts = _made(place, recipe, architecture, told)
        made = ImageRecord(
            name=name,
            form=recipe.form,
            release=recipe.release,
            architecture=architecture,
            made=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            seconds=round(time.monotonic() - began, 1),
            key=key,
            include=recipe.include,
            provision=hashlib.sha256(recipe.provision.encode()).hexdigest() if recipe.provision else "",
            mirror=recipe.mirror,
            emulated=recipe.emulated,
            **parts,  # type: ignore[arg-type]
        )
        made.save(place)
        os.sync()  # the name stands for what is on the disk
    return made, True


def _made(place: Path, recipe: Recipe, architecture: str, told: Told) -> dict[str, object]:
    """Make it in ``place``; what the record says of its parts."""
    _refuse_full(place, recipe.form)
    script, log, root = place / "provision", place / "build.log", place / "root"
    script.write_text(recipe.provision)
    sealed.run(recipe.words(root, script, architecture), log, lambda line: _hear(line, told))
    script.unlink()
    return _tree(root) if recipe.form is Form.TREE else _disk(root, place, log, told) | {"command_line": recipe.command_line}


def _architecture(recipe: Recipe) -> str:
    """Debian's name for this machine's; RefusedError where an image cannot be built here."""
    if os.geteuid() != 0:
        raise RefusedError("only root can build an image: it makes devices, and files of other users", "run it with sudo")
    tools = TOOLS | (DISK_TOOLS if recipe.form is Form.QCOW2 else {})
    path = sealed.ENVIRONMENT["PATH"]
    missing = sorted({package for tool, package in tools.items() if shutil.which(tool, path=path) is None})
    if missing:
        raise RefusedError(f"missing here: {', '.join(missing)}", f"apt-get install --no-install-recommends {' '.join(missing)}")
    return subprocess.run(("dpkg", "--print-architecture"), capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def _refuse_full(place: Path, form: Form) -> None:
    free = shutil.disk_usage(place).free
    if free < ROOM[form]:
        needed = f"a {form} needs {ROOM[form] // MIB} while it is built"
        raise RefusedError(f"{place.parent} has {free // MIB} MiB left, and {needed}", "make room, or name another place in PCLOUD_IMAGES")


def _hear(line: str, told: Told) -> None:
    """mmdebstrap names its stages; what it says of their insides is for the log."""
    if line.startswith("I: ") and not line.startswith(UNTOLD):
        told(line[3:].rstrip("."))


def _tree(root: Path) -> dict[str, object]:
    return {"tree": root.name, "size": _size(root)}


def _disk(root: Path, place: Path, log: Path, told: Told) -> dict[str, object]:
    """Of the tree, which goes: a disk without partitions, and its kernel and initial RAM disk beside it."""
    told("making the disk")
    kernel = _take(root, "vmlinuz-*", place / "vmlinuz")
    ramdisk = _take(root, "initrd.img-*", place / "initrd.img")
    shutil.rmtree(root / "boot")
    (root / "boot").mkdir()
    size = max(SMALLEST, -(-int(_size(root) * SPARE) // STEP) * STEP)
    raw, disk = place / "disk.raw", place / "disk.qcow2"
    with raw.open("wb") as file:
        file.truncate(size)
    options = ("-q", "-t", "ext4", "-J", f"size={JOURNAL}", "-E", "lazy_itable_init=0", "-m", "0", "-L", "root")
    sealed.run(("mke2fs", *options, "-d", str(root), str(raw)), log)
    shutil.rmtree(root)
    told("packing the disk")
    sealed.run(("qemu-img", "convert", "-O", "qcow2", str(raw), str(disk)), log)
    raw.unlink()
    files = {"disk": image_file(disk, size), "kernel": image_file(kernel), "ramdisk": image_file(ramdisk)}
    return {**files, "size": sum(each.size for each in files.values())}


def _take(root: Path, pattern: str, to: Path) -> Path:
    """The newest of such files in /boot, which goes to ``to``."""
    found = sorted((root / "boot").glob(pattern))
    if not found:
        raise PcloudError(f"the image came out without /boot/{pattern}", "does --include or the provisioning script remove the kernel?")
    shutil.move(found[-1], to)
    to.chmod(0o644)
    return to


def _size(root: Path) -> int:
    """Bytes that a tree takes; a file of several names counts once."""
    seen: dict[tuple[int, int], int] = {}
    for directory, names, files in os.walk(root):
        for each in (*names, *files):
            status = os.lstat(os.path.join(directory, each))  # noqa: PTH118 - a hundred thousand of them
            seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())
