"""What runs of a lab, and one daemon of it stopped and started again, so that tests can see a cloud with a part missing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from openstack_lab import checks, processes, room
from openstack_lab.errors import LabError
from openstack_lab.processes import Daemons
from openstack_lab.services.all import services
from openstack_lab.services.common import Daemon
from openstack_lab.settings import Settings, saved


def status(home: Path, say: Callable[[str], None]) -> bool:
    """One line for each daemon that was started; whether all of them live."""
    settings = lab(home)
    found = processes.recorded(settings)
    for each in found:
        say(f"{each.name:28} {'running' if each.lives() else 'ended':8} {each.pid}")
    if settings.clouds.exists():
        say(f"OS_CLIENT_CONFIG_FILE={settings.clouds}")
    else:
        say("not ready: it is being brought up, or that was interrupted")
    return settings.clouds.exists() and all(each.lives() for each in found)


def stop(home: Path, name: str, say: Callable[[str], None]) -> None:
    """As a crash would: the daemon and its workers, at once."""
    settings = lab(home)
    daemon(settings, name)
    ended = 0
    deadline = time.monotonic() + room.PATIENCE
    while members := processes.session(settings, name):
        for member in members:
            member.kill()
        ended += len(members)
        if time.monotonic() > deadline:
            raise LabError(f"{name} was killed, and is still there after {room.PATIENCE:.0f} s")
        time.sleep(processes.PAUSE)
    say(f"{name}: {'ended' if ended else 'did not run'}")


def start(home: Path, name: str, say: Callable[[str], None]) -> None:
    """In the same room as the others. Waits until it answers, where it does."""
    settings = lab(home)
    wanted = daemon(settings, name)
    if any(each.name == name and each.lives() for each in processes.recorded(settings)):
        raise LabError(f"{name} runs already")
    inhabitants = room.pids(home)
    if not inhabitants:
        raise LabError("nothing of the lab runs any more: make openstack-lab-down, and bring it up again")
    room.follow(inhabitants[0])
    daemons = Daemons(settings)
    daemons.start(wanted)
    daemons.until_answers(wanted)
    say(f"{name}: started")


def lab(home: Path) -> Settings:
    checks.root()
    settings = saved(home)
    if settings is None:
        raise LabError("no lab is up here: make openstack-lab brings one up")
    return settings


def daemon(settings: Settings, name: str) -> Daemon:
    known = {daemon.name: daemon for service in services(settings).values() for daemon in service.daemons}
    if name not in known:
        raise LabError(f"there is no daemon {name} in this lab; there are {', '.join(sorted(known))}")
    return known[name]
