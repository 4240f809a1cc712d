"""What is kept beside an image: what it was made of, and what whoever uploads or boots it must know.

Rules: JSON with all that an upload needs, so that nothing has to be guessed from file names; a record that cannot be read is an error that
names its file.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pcloud.errors import PcloudError

FILE = "image.json"
CHUNK = 2**20  # bytes that are read at once


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One file of an image, by its name in the image's directory. Sizes in bytes; ``virtual_size`` is that of a qcow2's disk, else 0."""

    file: str
    size: int
    sha256: str
    virtual_size: int = 0


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One image. ``disk``, ``kernel`` and ``ramdisk`` are of a qcow2, ``command_line`` is for its kernel; ``tree`` is the name of a tree's
    directory. ``key`` is the digest of all inputs, ``size`` what it takes on the disk in bytes, ``made`` when, as RFC 3339 writes it, and
    ``seconds`` how long that took. ``provision`` is the script's SHA-256, or empty.
    """

    name: str
    form: str
    release: str
    architecture: str
    made: str
    seconds: float
    size: int
    key: str
    include: tuple[str, ...] = ()
    provision: str = ""
    mirror: str = ""
    emulated: bool = False
    disk: ImageFile | None = None
    kernel: ImageFile | None = None
    ramdisk: ImageFile | None = None
    command_line: str = ""
    tree: str = ""

    def save(self, directory: Path) -> None:
        """Write it into the image's directory."""
        (directory / FILE).write_text(json.dumps(asdict(self), indent=2) + "\n")


def load(directory: Path) -> ImageRecord:
    """The record in an image's directory; PcloudError where it cannot be read."""
    try:
        body = json.loads((directory / FILE).read_text())
        return _record(body)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        cure = f"pcloud image delete {directory.name} removes it"
        raise PcloudError(f"{directory / FILE} is no record of an image: {error}", cure) from error


def _record(body: dict[str, Any]) -> ImageRecord:
    """Keys of a later version are left out."""
    known = {each.name for each in fields(ImageRecord)}
    words = {key: value for key, value in body.items() if key in known}
    files = {key: ImageFile(**words[key]) for key in ("disk", "kernel", "ramdisk") if words.get(key)}
    return ImageRecord(**words | files | {"include": tuple(words.get("include", ()))})


def image_file(path: Path, virtual_size: int = 0) -> ImageFile:
    """What is to be known of a file that is there."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)
    return ImageFile(path.name, path.stat().st_size, digest.hexdigest(), virtual_size)
