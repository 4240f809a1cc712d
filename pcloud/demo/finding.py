"""Finding a demo that was kept: the only one that runs, or the one that is named."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pcloud.client import Client
from pcloud.demo.place import PREFIX, Place
from pcloud.errors import NotFoundError, PcloudError, RefusedError

START_ONE = "start one that stays with `pcloud demo --keep`"


def kept(name: str = "") -> Place:
    """The demo of that name, be its daemon alive or not; without a name the only one that runs.

    NotFoundError without one, RefusedError with several.
    """
    return named(name) if name else only(running())


def running() -> list[Place]:
    """Every demo whose daemon answers, by name."""
    return [place for place in sorted(everywhere(), key=lambda place: place.name) if answers(place)]


def everywhere() -> list[Place]:
    """Every demo that has left a socket, in no order."""
    return [Place(socket.parent) for socket in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/api.sock")]


def answers(place: Place) -> bool:
    """Whether its daemon does."""
    try:
        with Client(place.socket) as client:
            client.daemon()
    except PcloudError:
        return False
    return True


def only(places: list[Place]) -> Place:
    """The one that there is."""
    if not places:
        raise NotFoundError("no demo is running", START_ONE)
    if len(places) > 1:
        names = ", ".join(place.name for place in places)
        raise RefusedError(f"{len(places)} demos are running: {names}", f"say which one, as in --name {places[0].name}")
    return places[0]


def named(name: str) -> Place:
    """The one in the directory of that name, or of that path. Nothing but a demo's own directory may be meant: it will be removed."""
    home = Path(tempfile.gettempdir())
    directory = home / name
    if directory.parent != home or not directory.name.startswith(PREFIX) or not directory.is_dir():
        names = ", ".join(place.name for place in running())
        raise NotFoundError(f"there is no demo {name}", f"running: {names}" if names else START_ONE)
    return Place(directory)
