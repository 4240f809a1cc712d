"""Telling systemd how the daemon is (sd_notify(3)): ready, status, watchdog, stopping.

Rules: nothing is sent where NOTIFY_SOCKET is not set; the watchdog is fed by the event loop itself, so that a loop that hangs is noticed,
and only while the daemon is well. A systemd that takes nothing in holds nobody up.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable

log = logging.getLogger(__name__)

LONGER = 300_000_000
"""Microseconds that a start may take from the last word about it on: a store of gigabytes is checked within them, page by page."""

SELDOM = 2.0
"""Seconds between two words about a start that goes on."""


def notify(message: str, patience: float = 0.0) -> bool:
    """Send one message (``READY=1``, ``STATUS=…``); whether it is on its way. Waits ``patience`` seconds for a systemd that is busy."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return True
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.settimeout(patience)  # 0: not at all, for whoever waits here holds the loop up
            sock.connect(address)
            sock.sendall(message.encode())
    except OSError as error:
        log.warning("systemd cannot be notified", extra={"what": message.partition("=")[0], "reason": str(error)})
        return False
    return True


def still_starting(doing: str) -> None:
    """The start goes on, and may take longer."""
    notify(f"EXTEND_TIMEOUT_USEC={LONGER}\nSTATUS={doing}")


class TakingUp:
    """Says how far the taking up of deployables is; not for each of them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.time()

    def __call__(self, done: int, of: int) -> None:
        """So many of so many are taken up."""
        if self._loop.time() >= self._next:
            still_starting(f"taking up deployables: {done} of {of}")
            self._next = self._loop.time() + SELDOM


def watchdog_interval() -> float | None:
    """Seconds between signs of life: half of what systemd asks for; None if it asks for none, or asks another process."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    asked = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or asked != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000


async def feed_watchdog(interval: float, unwell: Callable[[], str]) -> None:
    """Show signs of life until cancelled, while ``unwell`` has nothing to say."""
    said = ""
    while True:
        why = unwell()
        if not why:
            notify("WATCHDOG=1")
        elif not said:
            log.critical("no sign of life for systemd", extra={"reason": why})
        said = why
        await asyncio.sleep(interval)
