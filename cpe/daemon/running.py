"""Runs a daemon: its house, its API, and what must go on for as long as it does, until a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator

from cpe.daemon.house import Places, daemon
from cpe.daemon.notifying import notify, still_starting
from cpe.shell.api.app import application
from cpe.shell.api.server import serve
from cpe.shell.api.socket_file import refuse_taken
from cpe.shell.background import loudly
from cpe.shell.config import read_settings
from pcloud.failpoints import told

log = logging.getLogger(__name__)

HEARD_WITHIN = 5.0  # seconds for systemd to hear of the start and the end: nobody says either again


async def run(where: Places) -> None:
    """Run until SIGTERM or SIGINT. Raises PcloudError when it cannot start."""
    settings = read_settings(where.config)
    points = told()
    refuse_taken(where.socket)  # before a state directory is made for nothing
    still_starting("opening the store")
    async with daemon(settings, where, points) as house, ended_by_signal() as ended:
        app = application(house.controller, house.trials, house.audits, house.lookout, house.metrics)
        api = ("api", serve(app, where.socket, on_ready=ready))
        tasks = [asyncio.create_task(work, name=name) for name, work in (api, *house.supervision.vital())]
        status = asyncio.create_task(house.supervision.tell(), name="status")  # a bug in a line that is shown ends nobody else
        status.add_done_callback(loudly("systemd is not told any more how all stand"))
        try:
            signalled = asyncio.create_task(ended.wait(), name="signal")
            await asyncio.wait([*tasks, house.stalls, signalled], return_when=asyncio.FIRST_COMPLETED)
        finally:
            notify("STOPPING=1\nSTATUS=stopping", HEARD_WITHIN)
            log.info("stopping")
            for task in (*tasks, status):
                task.cancel()
            results = await asyncio.gather(*tasks, *(each for each in [house.stalls] if each.done()), return_exceptions=True)
        for result in results:  # within the run, which else would have ended in good order
            if isinstance(result, Exception):
                raise result


def ready() -> None:
    """The API can be reached."""
    notify(f"READY=1\nMAINPID={os.getpid()}", HEARD_WITHIN)
    log.info("ready")


@contextlib.asynccontextmanager
async def ended_by_signal() -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    try:
        yield ended
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
