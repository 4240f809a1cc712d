"""The command ``openstack-lab``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from openstack_lab.down import down
from openstack_lab.errors import LabError
from openstack_lab.settings import HOME, HOME_VARIABLE, SIZES, Settings
from openstack_lab.status import start, status, stop
from openstack_lab.up import up

FAILED, INTERRUPTED = 1, 130  # as shells have it


def say(line: str) -> None:
    """Nobody who listens, as behind ``| head``, is no reason to stop half-way."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="openstack-lab", description="A working OpenStack on this machine, for tests; for root.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    bring = commands.add_parser("up", help="bring it up: packages, services, users, a network, images")
    bring.add_argument(
        "size", choices=SIZES, nargs="?", default="fake", help="fake: servers are only pretended (default); full: QEMU guests"
    )
    bring.add_argument("--no-cinder", action="store_true", help="without volumes")
    bring.add_argument("--heat", action="store_true", help="with stacks")
    take = commands.add_parser("down", help="take it down, from whatever state")
    take.add_argument("--forget", action="store_true", help="remove what makes the next start quick, too")
    commands.add_parser("status", help="which daemons run; exit status 1 unless all do")
    for name, words in (("stop", "kill one daemon, as a crash would"), ("start", "start one daemon that does not run")):
        commands.add_parser(name, help=words).add_argument("daemon", help="its name in status")
    return top


def main(arguments: list[str] | None = None) -> int:
    asked = parser().parse_args(arguments)
    try:
        return perform(asked, directory(os.environ.get(HOME_VARIABLE)))
    except LabError as error:
        sys.stderr.write(f"openstack-lab: {error}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("openstack-lab: interrupted; what was begun is taken down with: make openstack-lab-down\n")
        return INTERRUPTED


def directory(wanted: str | None) -> Path:
    """Not one that is somebody else's: whatever is in it is removed when the lab is taken down."""
    home = Path(wanted or HOME)
    if not home.is_absolute():
        raise LabError(f"{HOME_VARIABLE} is {home}: give it a path from the root, like {HOME}")
    if home.exists() and {path.name for path in home.iterdir()} - {"cache", ".lab.json.new"} and not (home / "lab.json").exists():
        raise LabError(f"{home} holds files that are not a lab's: empty it, or set {HOME_VARIABLE} to another directory")
    return home.resolve()


def perform(asked: argparse.Namespace, home: Path) -> int:
    match asked.command:
        case "up":
            up(Settings(asked.size, not asked.no_cinder, asked.heat, home), say)
        case "down":
            down(home, say, asked.forget)
        case "status":
            return 0 if status(home, say) else FAILED
        case "stop":
            stop(home, asked.daemon, say)
        case "start":
            start(home, asked.daemon, say)
    return 0
