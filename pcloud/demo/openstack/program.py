"""``make demo-openstack``: a real WordPress and its database in guests of a real OpenStack, broken six times and healed six times.

Rules: exit 0 only if everything that is shown was seen to be true; nothing is left behind but the image and the lab's cache, also when
interrupted.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pcloud.demo.openstack.acts import ACTS, Act
from pcloud.demo.openstack.lab import Lab
from pcloud.demo.openstack.place import PREFIX, GuestsPlace
from pcloud.demo.openstack.show import ready, show
from pcloud.demo.program import ended_by_signals, uninterrupted
from pcloud.errors import PcloudError
from pcloud.screen.console import Screen


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="demo-openstack", description="WordPress and MySQL on OpenStack, broken and healed; as root.")
    made.add_argument("--lab-is-up", action="store_true", help="use the lab that is up (size full), and leave it up")
    made.add_argument(
        "--only", type=int, action="append", metavar="N", choices=range(1, len(ACTS) + 1), help="only this act; may be repeated"
    )
    made.add_argument("--picture", type=Path, metavar="FILE", help="draw the timeline of the relaunch of the third act (SVG)")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    given, screen = parser().parse_args(argv), Screen()
    try:
        with ended_by_signals():
            acts = [ACTS[number - 1] for number in given.only or range(1, len(ACTS) + 1)]
            play(screen, acts, lab_is_up=given.lab_is_up, picture=given.picture)
    except PcloudError as error:
        Screen(stderr=True).say(f"demo-openstack: {error}{f'; {error.cure}' if error.cure else ''}")
        return error.exit_code
    return 0


def play(screen: Screen, acts: Sequence[Act], *, lab_is_up: bool, picture: Path | None) -> None:
    """The whole show in a place of its own."""
    began, lab = time.monotonic(), Lab()
    with a_lab(lab, screen, is_up=lab_is_up) as clouds, a_place(clouds) as place, ready(place, lab, clouds, screen) as stage:
        show(stage, acts, picture)
    screen.say(f"Cleaned up: no guest, process, bridge or address is left. {time.monotonic() - began:.0f}s in all.")


@contextmanager
def a_lab(lab: Lab, screen: Screen, *, is_up: bool) -> Iterator[Path]:
    """The accounts of a lab, which ends with the block unless it was up before."""
    if is_up:
        clouds = lab.clouds()
        if clouds is None:
            raise PcloudError("no lab is up", "bring one up with: make openstack-lab-full")
        yield clouds
        return
    lab.check()
    try:
        screen.say("Bringing up an OpenStack on this machine: openstack-lab up full")
        lab.up(lambda line: screen.say(f"  {line}"))
        clouds = lab.clouds()
        if clouds is None:
            raise PcloudError("the lab came up, and has no accounts", "look at its logs: openstack-lab status")
        yield clouds
    finally:
        with uninterrupted():
            screen.say("openstack-lab down")
            lab.down()


@contextmanager
def a_place(clouds: Path) -> Iterator[GuestsPlace]:
    """An empty one, furnished; nothing is left of it."""
    place = GuestsPlace(Path(tempfile.mkdtemp(prefix=PREFIX)), clouds)
    try:
        place.furnish()
        yield place
    finally:
        with uninterrupted():
            place.clear()
