"""Bringing a lab up: looks first, then packages, then the room, and in it everything else."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from openstack_lab import accounts, checks, guest, packages, policy_rc, room, stages, tables
from openstack_lab.errors import LabError
from openstack_lab.plan import Plan
from openstack_lab.services.all import services
from openstack_lab.services.common import Service
from openstack_lab.settings import Settings, write_private

Say = Callable[[str], None]
DOWN = "take it down with: make openstack-lab-down"


def up(settings: Settings, say: Say) -> None:
    """Everything there is when it returns answers. LabError where something failed; what was begun then stays, to be looked at."""
    checks.root()
    refuse_second(settings.home)
    missing = _missing(settings)
    checks.check(settings, bool(missing))
    settings.home.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    held = lock(settings.home)
    try:
        policy_rc.allow()  # what a killed installation left
        if missing:
            _timed(f"packages: {len(missing)} and what they need", lambda: _install(settings, missing, say), say)
        settings.save()  # before anything else: what is below the directory is a lab's from now on
        _directories(settings)
        room.begin(settings)
        if settings.size == "full" and not guest.exists(settings):
            _timed("guest image", lambda: guest.build(settings), say)
        timings = _in_the_room(settings, say)
    finally:
        os.close(held)
    written = accounts.write(settings)
    for line in (
        "",
        *stages.table(timings),
        "",
        f"ready after {time.monotonic() - began:.1f} s",
        *(f"  {path}" for path in written),
        f"  {DOWN}",
    ):
        say(line)


def refuse_second(home: Path) -> None:
    if room.pids(home):
        raise LabError(f"a lab is up already, or half up, in {home}: {DOWN}")
    if (home / "lab.json").exists():
        raise LabError(f"{home} holds the rest of a lab: {DOWN}")


def _missing(settings: Settings) -> list[str]:
    try:
        return packages.missing(settings)
    except LabError as error:
        checks.distribution(Path("/etc/os-release"))
        raise error from None


def lock(home: Path) -> int:
    """Held on the directory itself while it is being filled; gone with the process, however that ends."""
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LabError(f"another openstack-lab is at work in {home}: wait for it, or end it") from None
    return descriptor


def _install(settings: Settings, missing: list[str], say: Say) -> None:
    settings.cache.mkdir(exist_ok=True)
    packages.install(missing, settings.cache / "packages.log", say)


def _directories(settings: Settings) -> None:
    for path in settings.directories():
        path.mkdir(parents=True, exist_ok=True)
    settings.etc.chmod(0o700)  # passwords
    settings.run.chmod(0o700)  # sockets without a password


def _in_the_room(settings: Settings, say: Say) -> list[stages.Timing]:
    versions = packages.versions()
    room.close(settings)
    kinds = services(settings)
    _write_files(kinds)
    plan = Plan(settings, kinds, tables.image(settings, versions))
    try:
        return stages.run(plan.stages(), say)
    except LabError as error:
        raise LabError(f"{error}\nall logs: {settings.logs}; {DOWN}") from error


def _write_files(kinds: dict[str, Service]) -> None:
    for path, text in ((path, text) for service in kinds.values() for path, text in service.files.items()):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, text)
        if text.startswith("#!"):
            path.chmod(0o755)


def _timed(name: str, act: Callable[[], None], say: Say) -> None:
    say(f"          {name} ...")
    began = time.monotonic()
    act()
    say(f"{time.monotonic() - began:6.1f} s  {name}")
