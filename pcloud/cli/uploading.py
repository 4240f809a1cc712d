"""``pcloud image upload``: an image of this machine to the image service of an infrastructure, with its kernel. No daemon is needed.

Rules: what is uploaded is what was built, by the checksums of its record; how it gets on goes to standard error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from pcloud.cli.options import Output
from pcloud.cli.output import emit
from pcloud.errors import RefusedError
from pcloud.images.building import MIB
from pcloud.images.record import ImageRecord
from pcloud.images.sealed import ended_politely
from pcloud.images.store import ImageStore
from pcloud.places import image_directory
from pcloud.screen.console import Screen

if TYPE_CHECKING:
    from cpe.shell.infrastructures.openstack.images import ImagePart, ImageService

PROPERTIES = {"hw_rng_model": "virtio"}
"""Of a disk: without a source of randomness a guest's first boot waits for one."""

EMULATED = {"hw_video_model": "none"}
"""Of a disk whose guests are emulated: nobody looks at its screen, and each device costs time."""

PAUSE = 5.0  # seconds between two lines about one file

InfrastructureOption = Annotated[str, typer.Option("--infrastructure", metavar="NAME", help="Where to; one whose driver is openstack.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="The configuration that names it; else the usual one.", show_default=False)
]


def upload(name: str, infrastructure: str, config: Path | None, output: Output) -> None:
    """Upload it, and say what came of it."""
    store, screen = ImageStore(image_directory()), Screen()
    with store.locked(), ended_politely():
        record = store.record(name)
        parts = list(_parts(record, store.path(name)))
        service = _service(infrastructure, config)
        put = service.put(parts, Progress(Screen(stderr=True)))
    body = {"name": name, "infrastructure": infrastructure, "id": put.id, "new": put.new, **put.parts}
    how = "is uploaded to" if put.new else "is there already, the same, in"
    emit(screen, output, body, lambda: [Text(f"{name} {how} {infrastructure}: {put.id}", "green")])


def _parts(record: ImageRecord, directory: Path) -> Iterator[ImagePart]:
    """What is uploaded of it, its disk at last. RefusedError for a tree."""
    from cpe.shell.infrastructures.openstack.images import ImagePart  # noqa: PLC0415 - libcloud would slow down every other command

    if record.disk is None:
        cure = f"pcloud image build NAME --format qcow2 builds a disk; a tree is named in args.images, as in {record.name} = {directory}"
        raise RefusedError(f"the image {record.name} is a {record.form}, which no image service takes", cure)
    for role, kind, file in (("kernel", "aki", record.kernel), ("ramdisk", "ari", record.ramdisk)):
        if file is not None:
            yield ImagePart(f"{record.name}-{role}", directory / file.file, file.sha256, kind, f"{role}_id")
    line = {"os_command_line": record.command_line} if record.command_line else {}
    properties = {**PROPERTIES, **(EMULATED if record.emulated else {}), **line}
    yield ImagePart(record.name, directory / record.disk.file, record.disk.sha256, "qcow2", properties=properties)


def _service(infrastructure: str, config: Path | None) -> ImageService:
    """Of an infrastructure of the configuration. NotFoundError, RefusedError."""
    from cpe.shell.config import read_settings  # noqa: PLC0415
    from cpe.shell.infrastructures.build import image_service  # noqa: PLC0415
    from cpe.shell.infrastructures.registry import Infrastructures  # noqa: PLC0415

    known = Infrastructures(read_settings(config).infrastructures, controller="", state_directory=Path())
    return image_service(infrastructure, known.expect(infrastructure), state_directory=Path())


class Progress:
    """A line when a file begins, when it is all on its way, and now and then between."""

    def __init__(self, screen: Screen, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen, self._clock = screen, clock
        self._began = self._told = clock()
        self._name, self._all_told = "", False

    def __call__(self, name: str, sent: int, size: int) -> None:
        now = self._clock()
        if name == self._name and (self._all_told or (sent < size and now - self._told < PAUSE)):
            return
        self._name, self._told, self._all_told = name, now, sent >= size
        share = f"{100 * sent // size if size else 100} % of {size / MIB:.0f} MiB"
        self._screen.say(Text(f"{now - self._began:5.0f}s  ", "dim").append(f"uploading {name}: {share}", "not dim"))
