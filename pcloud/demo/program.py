"""``pcloud demo``: a real WordPress and its database on the embedded cloud, broken three times and healed three times.

Rules: exit 0 only if everything that is shown was seen to be true; nothing is left behind, also when interrupted, unless ``--keep``.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from pcloud.demo import faults, needs
from pcloud.demo.finding import kept
from pcloud.demo.place import PREFIX, Place
from pcloud.demo.show import show
from pcloud.errors import PcloudError
from pcloud.screen.console import Screen

INTERRUPTED = 130  # as a shell reports a Ctrl-C


def parser() -> argparse.ArgumentParser:
    """The command line, the same as that of ``pcloud demo``."""
    made = argparse.ArgumentParser(prog="pcloud demo", description="WordPress and MySQL on the embedded cloud, broken and healed.")
    made.add_argument("--keep", action="store_true", help="leave it running at the end")
    made.add_argument("--explain", action="store_true", help="explain each recovery")
    made.add_argument(
        "--break", dest="target", metavar="TARGET", help="break ASSEMBLY/RESOURCE, ASSEMBLY or ASSEMBLY=destroy of a kept demo"
    )
    made.add_argument("--end", action="store_true", help="end a kept demo and remove what it left")
    made.add_argument("--name", default="", metavar="NAME", help="which kept demo, where there are several: the name of its directory")
    return made


class EndedError(PcloudError):
    """A signal asked us to end."""

    exit_code = INTERRUPTED


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end us as Ctrl-C does, so that what is cleaned up then is cleaned up always."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise EndedError(f"ended by {signal.Signals(number).name}")

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, end) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for; returns the exit code."""
    given, screen = parser().parse_args(argv), Screen()
    try:
        with ended_by_signals():
            if given.target:
                target, _, fault = given.target.partition("=")
                screen.say(faults.inject(kept(given.name), target, fault))
            elif given.end:
                place = kept(given.name)
                place.clear()
                screen.say(f"{place.name} is ended, and nothing is left of it")
            else:
                play(screen, keep=given.keep, explained=given.explain)
    except PcloudError as error:
        Screen(stderr=True).say(f"pcloud demo: {error}{f'; {error.cure}' if error.cure else ''}")
        return error.exit_code
    return 0


def play(screen: Screen, *, keep: bool, explained: bool = False) -> None:
    """The whole show in a place of its own."""
    needs.check()
    place = Place(Path(tempfile.mkdtemp(prefix=PREFIX)))
    stays = False
    try:
        place.furnish()
        show(place, screen, end=not keep, explained=explained)
        stays = keep
    finally:
        if not stays:
            with uninterrupted():
                place.clear()
    if stays:
        screen.say(f"\nIt goes on. Look at it with:    PCLOUD_SOCKET={place.socket} pcloud deployable status wordpress")
        screen.say("Break it with:                  pcloud demo --break mysql/mysqld   (or mysql, or mysql=destroy)")
        screen.say(f"End it with:                    pcloud demo --end   (--name {place.name} if there are several)")
    else:
        screen.say("Cleaned up: no process, file or address is left.")


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """A second Ctrl-C does not stop the cleaning up."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
