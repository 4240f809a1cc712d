"""Telling systemd how the daemon is (sd_notify(3)): ready, status, watchdog, stopping.

Rules: nothing is sent where NOTIFY_SOCKET is not set; the watchdog is fed by the event loop itself, so that a loop that hangs is noticed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket

log = logging.getLogger(__name__)


def notify(message: str) -> None:
    """Send one message (``READY=1``, ``STATUS=…``)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.connect(address)
            sock.sendall(message.encode())
    except OSError as error:
        log.warning("systemd cannot be notified", extra={"reason": str(error)})


def watchdog_interval() -> float | None:
    """Seconds between signs of life: half of what systemd asks for; None if it asks for none, or asks another process."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    asked = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or asked != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000


async def feed_watchdog() -> None:
    """Show signs of life until cancelled."""
    interval = watchdog_interval()
    while interval is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval)
