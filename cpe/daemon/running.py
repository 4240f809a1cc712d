"""Wires the house together and runs it: store, infrastructures, agents, DPEs, API.

This is the one place that knows all of them; the controller gets a factory of DPEs, the DPEs get what surrounds them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from agents.answers import reach
from agents.ssh.factory import SshAgents
from cpe.daemon.notifying import feed_watchdog, notify
from cpe.shell.alerting import alerting
from cpe.shell.anchors import Anchors
from cpe.shell.api.app import application
from cpe.shell.api.server import serve
from cpe.shell.api.socket_file import refuse_taken
from cpe.shell.config import Settings, read_settings
from cpe.shell.controller import Controller
from cpe.shell.guards import Overseer
from cpe.shell.infrastructures.registry import Infrastructures
from cpe.shell.infrastructures.trial import Trials
from cpe.shell.keyring import FileKeyring
from cpe.shell.secret_files import read_secret
from cpe.shell.store.run import run_of
from cpe.shell.store.sqlite import SqliteStore
from dpe.shell.engine import Engine
from dpe.shell.failing import with_failpoints
from dpe.shell.surroundings import Surroundings
from pcloud.failpoints import Failpoints, told
from pcloud.model.actions import Report
from pcloud.model.plan import DeployablePlan
from pcloud.model.ports import Stored

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a daemon reads, keeps and listens. ``config`` None: the first of the usual files that exists."""

    config: Path | None
    state: Path
    socket: Path


async def run(where: Places) -> None:
    """Run until SIGTERM or SIGINT. Raises PcloudError when it cannot start."""
    settings = read_settings(where.config)
    points = told()
    refuse_taken(where.socket)  # before a state directory is made for nothing
    async with daemon(settings, where, points) as (controller, trials), ended_by_signal() as ended:
        api = asyncio.create_task(serve(application(controller, trials), where.socket, on_ready=ready), name="api")
        watchdog = asyncio.create_task(feed_watchdog(), name="watchdog")
        try:
            await asyncio.wait([api, asyncio.create_task(ended.wait(), name="signal")], return_when=asyncio.FIRST_COMPLETED)
        finally:
            notify("STOPPING=1")
            log.info("stopping")
            for task in (api, watchdog):
                task.cancel()
            results = await asyncio.gather(api, watchdog, return_exceptions=True)
        for result in results:  # within the run, which else would have ended in good order
            if isinstance(result, Exception):
                raise result


def ready() -> None:
    """The API can be reached."""
    notify(f"READY=1\nSTATUS=running\nMAINPID={os.getpid()}")
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


@contextlib.asynccontextmanager
async def daemon(settings: Settings, where: Places, points: Failpoints | None = None) -> AsyncIterator[tuple[Controller, Trials]]:
    """The controller with its DPEs running, and trials of what it launches on; they end with the block, the machines stay."""
    async with (
        SqliteStore(where.state) as store,
        run_of(store, limit=settings.crash_loop_starts, wall=time.time),
        alerting(store, settings.alert_command, time.time),
    ):
        keyring = FileKeyring(where.state / "keys", store.controller)
        infrastructures = Infrastructures(settings.infrastructures, controller=store.controller, state_directory=where.state)
        agents = SshAgents(keyring.client_path)
        guards = overseer(settings, infrastructures, store)
        surroundings = Surroundings(
            journal=store,
            keyring=keyring,
            agents=agents,
            infrastructure=infrastructures.get,
            secret=read_secret,
            wall=time.time,
            guards=guards,
        )
        controller = Controller(
            store,
            factory(surroundings if points is None else with_failpoints(surroundings, points)),
            keyring,
            infrastructures.get,
            defaults=settings.defaults,
            state_directory=where.state,
            wall=time.time,
            forget=guards.forget,
        )
        stalls = asyncio.create_task(surroundings.stalls.run(), name="stalls")
        try:
            async with guards.watch():
                try:
                    await controller.open()
                    yield controller, Trials(infrastructures, reach)
                finally:
                    await controller.close()
        finally:
            stalls.cancel()
            await agents.aclose()
            infrastructures.close()


def overseer(settings: Settings, infrastructures: Infrastructures, store: SqliteStore) -> Overseer:
    """The guards over all deployables; what they say of whole infrastructures is an event of no deployable."""
    configured = {name: each.anchors for name, each in settings.infrastructures.items()}

    async def report(line: Report) -> None:
        await store.report("", line, wall=time.time())

    return Overseer(Anchors(configured, infrastructures.get, reach), report)


def factory(surroundings: Surroundings) -> Callable[[DeployablePlan, Stored | None], Engine]:
    """Makes a deployable's engine; its jitter's seed follows from its name."""

    def make(plan: DeployablePlan, stored: Stored | None) -> Engine:
        return Engine(plan, stored, surroundings, seed=crc32(plan.name.encode()))

    return make
