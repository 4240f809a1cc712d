"""The images of this machine: a directory with one for each, by its name.

Rules: what begins with a dot is no image; one is built aside and appears by a rename, and goes by one; only one build is under way at a
time, and what a broken-off one left is swept away by the next. What a running machine stands on is not taken away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from pcloud.errors import NotFoundError, PcloudError, RefusedError
from pcloud.images.recipe import NAME
from pcloud.images.record import ImageRecord, load

NEW, GONE, LOCK = ".new-", ".gone-", ".lock"
MOUNTS = Path("/proc/mounts")


def checked_name(name: str) -> str:
    """ValueError for what cannot be the name of an image."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of an image: write small letters, digits, dots and hyphens, 63 at most")
    return name


class ImageStore:
    """Below ``directory``, which is made when something is put into it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def names(self) -> list[str]:
        """Of all images, in order."""
        try:
            return sorted(each.name for each in self.directory.iterdir() if not each.name.startswith(".") and each.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise PcloudError(f"the images in {self.directory} cannot be listed: {error.strerror}") from error

    def path(self, name: str) -> Path:
        """Where an image lies; NotFoundError."""
        names = self.names()
        if name not in names:
            near = get_close_matches(name, names, n=1)
            raise NotFoundError(f"there is no image {name} in {self.directory}", f"did you mean {near[0]}?" if near else "")
        return self.directory / name

    def record(self, name: str) -> ImageRecord:
        """What is known of an image; NotFoundError."""
        return load(self.path(name))

    def known(self, name: str) -> ImageRecord | None:
        """The same, None where there is none."""
        return load(self.directory / name) if name in self.names() else None

    def delete(self, name: str) -> None:
        """Remove it; RefusedError while a machine runs on it, or something is built."""
        with self.locked():
            shutil.rmtree(self._aside(self.path(name)))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else changes anything here meanwhile; RefusedError where somebody does already."""
        try:
            self.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
            lock = os.open(self.directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise PcloudError(f"no image can be kept in {self.directory}: {error.strerror}") from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RefusedError(f"another pcloud builds or deletes an image in {self.directory}", "wait for it, or end it") from error
            yield
        finally:
            os.close(lock)

    @contextmanager
    def room(self, name: str) -> Iterator[Path]:
        """An empty directory in which an image is built; if the block ends well that is the image ``name``, else nothing is left of it."""
        with self.locked():
            for left in [*self.directory.glob(f"{NEW}*"), *self.directory.glob(f"{GONE}*")]:
                shutil.rmtree(left)
            place = self.directory / f"{NEW}{name}"
            place.mkdir(mode=0o755)
            try:
                yield place
                gone = self._aside(self.directory / name) if (self.directory / name).exists() else None
                place.rename(self.directory / name)
                if gone is not None:
                    shutil.rmtree(gone)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise

    def _aside(self, image: Path) -> Path:
        """Take an image away from its name; where it is now."""
        self.refuse_used(image)
        gone = self.directory / f"{GONE}{image.name}"
        if gone.exists():
            shutil.rmtree(gone)
        return image.rename(gone)

    def refuse_used(self, image: Path) -> None:
        """RefusedError while a machine of this host runs on an image."""
        below = f"{image.resolve()}/"
        if any(f"lowerdir={below}" in line for line in MOUNTS.read_text().splitlines()):
            cure = "build one under another name, and relaunch there what runs on this one"
            raise RefusedError(f"a machine runs on the image {image.name}", cure)
