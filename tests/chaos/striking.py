"""Tries every fault of the network in a namespace of its own, and prints what came of it; run by test_striking.py."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from tests.chaos import proxy
from tests.chaos.faults import network
from tests.chaos.schedule import Fault
from tests.chaos.site import Site
from tests.chaos.world import GROUPS, World

STRUCK, OTHER = "127.5.5.5", "127.6.6.6"
PORT = 2222
SHORT = 1.0
"""Seconds for what must not come back."""
LONG = 20.0
"""Seconds for what must come back, on a busy host too."""
PACKETS = 400


class Lonely:
    """As much of a world as faults of the network look at: a machine of which there is nothing but its record."""

    def __init__(self, directory: Path, slow: int) -> None:
        self.site = Site("pcloud", directory, GROUPS["pcloud"])
        self.proxy = slow
        run = directory / "east/nodes/one/root/run"
        run.mkdir(parents=True)
        (run / "boot_id").touch()
        tags = {"pcloud-deployable": "east-0", "pcloud-assembly": "db", "pcloud-generation": "1"}
        (directory / "east/nodes/one/node.json").write_text(json.dumps({"id": "one", "metadata": tags, "address": STRUCK, "created": 1.0}))


def echo(address: str) -> None:
    """Answers whatever is said there."""
    with socket.create_server((address, PORT), backlog=64) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


def answer(connection: socket.socket) -> None:
    with contextlib.suppress(OSError), connection:
        while said := connection.recv(100):
            connection.sendall(said)


def dialled(address: str, group: int, timeout: float = LONG) -> socket.socket:
    """A connection whose packets carry a group."""
    os.setegid(group)
    try:
        made = socket.socket()
    finally:
        os.setegid(0)
    made.settimeout(timeout)
    made.connect((address, PORT))
    return made


def tried(address: str, group: int = 0, timeout: float = LONG) -> str | float:
    """Seconds until a word came back, or why it did not."""
    began = time.monotonic()
    try:
        with dialled(address, group, timeout) as connection:
            return spoken(connection) or time.monotonic() - began
    except TimeoutError:
        return "timeout"


def spoken(connection: socket.socket) -> str:
    """Why no word came back; "" if one did."""
    try:
        connection.sendall(b"word")
        return "" if connection.recv(100) == b"word" else "closed"
    except TimeoutError:
        return "timeout"
    except ConnectionResetError:
        return "reset"


def lost() -> float:
    """The share of datagrams to the machine that does not arrive."""
    with socket.socket(type=socket.SOCK_DGRAM) as receiver, socket.socket(type=socket.SOCK_DGRAM) as sender:
        receiver.bind((STRUCK, PORT))
        receiver.setblocking(False)
        received = 0
        for _ in range(PACKETS):
            sender.sendto(b"word", (STRUCK, PORT))
            with contextlib.suppress(BlockingIOError):
                received += len(receiver.recv(10)) > 0
        return 1 - received / PACKETS


@contextlib.contextmanager
def on(world: World, kind: str) -> Iterator[None]:
    target = "east" if kind in {"cut-infrastructure", "reset", "latency", "loss"} else "east-0/db"
    undo = network.STRIKES[kind](world, Fault(1, 0.0, kind, (target,), 1.0))
    assert undo is not None
    yield
    undo()


def everything(world: World) -> dict[str, Any]:
    """What the controller and somebody else see of the machine that is struck, and the controller of another one."""
    group = world.site.group

    def seen(*cut: str) -> list[str | float]:
        eyes = {"controller": (STRUCK, group), "other": (STRUCK, 0), "elsewhere": (OTHER, group)}
        return [tried(address, of, SHORT if who in cut else LONG) for who, (address, of) in eyes.items()]

    found: dict[str, Any] = {"before": seen()}
    for kind in ("cut-infrastructure", "cut-to", "cut-from"):
        with on(world, kind):
            found[kind] = seen("controller")
    with on(world, "cut-machine"):
        found["cut-machine"] = seen("controller", "other")
    with dialled(STRUCK, group) as standing:
        assert spoken(standing) == ""
        with on(world, "reset"):
            found["reset"] = spoken(standing)
    found["no loss"] = lost()
    with on(world, "loss"):
        found["loss"] = lost()
    with on(world, "latency"):
        found["latency"] = tried(STRUCK, group)
    network.end()
    return {**found, "after": seen(), "rules": network.rules()}


def main() -> None:
    network.begin()
    slow = proxy.listener()
    command = [sys.executable, "-m", "tests.chaos.proxy", str(slow.fileno())]
    passing_on = subprocess.Popen(command, pass_fds=[slow.fileno()])
    for address in (STRUCK, OTHER):
        threading.Thread(target=echo, args=(address,), daemon=True).start()
    world = cast("World", Lonely(Path(sys.argv[1]), slow.getsockname()[1]))
    sys.stdout.write(json.dumps(everything(world)))
    passing_on.kill()


if __name__ == "__main__":
    main()
