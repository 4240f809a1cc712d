"""Wires the house together: store, infrastructures, agents, guards, DPEs, and what looks at all of them.

This is the one place that knows all of them; the controller gets a factory of DPEs, the DPEs get what surrounds them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import randbits

from agents.answers import reach
from agents.ssh.factory import SshAgents
from agents.ssh.logins import SshLogins
from cpe.daemon.notifying import TakingUp
from cpe.daemon.supervising import Supervision
from cpe.policy.strays import Known
from cpe.shell.adopting import Outside
from cpe.shell.alerting import alerting
from cpe.shell.anchors import Anchors
from cpe.shell.audits import Audits
from cpe.shell.config import Settings
from cpe.shell.controller import Controller
from cpe.shell.distress import distress
from cpe.shell.guards import Overseer
from cpe.shell.infrastructures.registry import Infrastructures
from cpe.shell.infrastructures.trial import Trials
from cpe.shell.infrastructures.trial_machine import DEPLOYABLE as TRIAL
from cpe.shell.keyring import FileKeyring
from cpe.shell.lookout import Lookout
from cpe.shell.metrics.census import Census
from cpe.shell.metrics.exposition import Metrics
from cpe.shell.metrics.families import Sources
from cpe.shell.polling import Polls
from cpe.shell.retention import retention
from cpe.shell.secret_files import read_secret
from cpe.shell.store.run import run_of
from cpe.shell.store.sqlite import SqliteStore
from dpe.shell.engine import Engine
from dpe.shell.failing import with_failpoints
from dpe.shell.surroundings import Surroundings
from pcloud.failpoints import Failpoints
from pcloud.model.actions import Report
from pcloud.model.plan import DeployablePlan
from pcloud.model.ports import Stored


@dataclass(frozen=True, slots=True)
class Places:
    """Where a daemon reads, keeps and listens. ``config`` None: the first of the usual files that exists."""

    config: Path | None
    state: Path
    socket: Path


@dataclass(frozen=True, slots=True)
class House:
    """A daemon that has taken up its deployables. ``stalls`` must go on for as long as it does."""

    controller: Controller
    trials: Trials
    audits: Audits
    lookout: Lookout
    metrics: Metrics
    supervision: Supervision
    stalls: asyncio.Task[None]


@asynccontextmanager
async def daemon(settings: Settings, where: Places, points: Failpoints | None = None) -> AsyncIterator[House]:
    """The controller with its DPEs running, and what belongs to it; they end with the block, the machines stay."""
    async with records(settings, where) as (store, doubt):
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
        armed = surroundings if points is None else with_failpoints(surroundings, points)
        controller = controller_of(settings, where, store, armed, guards, SshLogins(keyring.client_path))
        census, polls = Census(controller.attendance), polls_of(controller, infrastructures, store)
        sources = Sources(census, store, guards, infrastructures, polls, controller.streams, surroundings.stalls)
        lookout = Lookout(controller.attendance, sources, time.time)
        supervision = Supervision(census, guards, store)
        stalls = asyncio.create_task(surroundings.stalls.run(), name="stalls")
        try:
            async with guards.watch():
                try:
                    with guards.gathering():
                        await controller.open(TakingUp())
                    trials = Trials(infrastructures, reach)
                    audits = audits_of(controller, trials, infrastructures, store, doubt)
                    async with polls.watch():
                        yield House(controller, trials, audits, lookout, Metrics(sources), supervision, stalls)
                finally:
                    await controller.close()
        finally:
            stalls.cancel()
            await agents.aclose()
            infrastructures.close()


@asynccontextmanager
async def records(settings: Settings, where: Places) -> AsyncIterator[tuple[SqliteStore, str]]:
    """The store, what goes on beside it, and why this run must not trust what is in it."""
    async with (
        SqliteStore(where.state) as store,
        run_of(store, limit=settings.crash_loop_starts, wall=time.time) as doubt,
        alerting(store, settings.alert_command, time.time),
        distress(store, settings.alert_command, time.time),
        retention(store, keep=settings.store.keep, size=settings.store.size, wall=time.time),
    ):
        yield store, doubt


def polls_of(controller: Controller, infrastructures: Infrastructures, store: SqliteStore) -> Polls:
    """The lists of all infrastructures, for the deployables of this controller."""

    async def report(line: Report) -> None:
        await store.report("", line, wall=time.time())

    return Polls(
        infrastructures.settings,
        infrastructures.get,
        controller=store.controller,
        started=controller.attendance.anything_at,
        engine=controller.attendance.attendant,
        report=report,
    )


def audits_of(controller: Controller, trials: Trials, infrastructures: Infrastructures, store: SqliteStore, doubt: str) -> Audits:
    """Audits by what the controller knows. A ``doubt`` of this run of which no deployable could be told is theirs."""

    def known() -> Known:
        found = controller.known()
        return replace(found, states={**found.states, TRIAL: None}) if trials.under_way else found

    async def report(line: Report) -> None:
        await store.report("", line, wall=time.time())

    return Audits(infrastructures, known, report, "" if controller.known().states else doubt)


def controller_of(
    settings: Settings, where: Places, store: SqliteStore, around: Surroundings, guards: Overseer, logins: SshLogins
) -> Controller:
    """The controller of what surrounds its DPEs."""
    return Controller(
        store,
        factory(around),
        around.keyring,
        Outside(around.infrastructure, logins),
        defaults=settings.defaults,
        state_directory=where.state,
        wall=around.wall,
        forget=guards.forget,
    )


def overseer(settings: Settings, infrastructures: Infrastructures, store: SqliteStore) -> Overseer:
    """The guards over all deployables; what they say of whole infrastructures is an event of no deployable."""
    configured = {name: each.anchors for name, each in settings.infrastructures.items()}

    async def report(line: Report) -> None:
        await store.report("", line, wall=time.time())

    return Overseer(Anchors(configured, infrastructures.get, reach), report)


def factory(surroundings: Surroundings) -> Callable[[DeployablePlan, Stored | None], Engine]:
    """Makes a deployable's engine; the seed of a new one is its own, whoever had its name before."""

    def make(plan: DeployablePlan, stored: Stored | None) -> Engine:
        return Engine(plan, stored, surroundings, seed=randbits(31))

    return make
