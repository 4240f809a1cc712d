"""One run: worlds are made, all is brought up, faults strike, all must become well again, all is taken down, and the judge speaks."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pcloud.client import Client
from pcloud.errors import PcloudError
from pcloud.records.requests import SpecUpload
from tests.chaos import proxy, world
from tests.chaos.applications import applications, spec
from tests.chaos.bounds import recovered_within
from tests.chaos.customer import Customer
from tests.chaos.evidence import Evidence
from tests.chaos.executor import Executor
from tests.chaos.eye import Eye, conflicts
from tests.chaos.faults import network
from tests.chaos.judge import fenced
from tests.chaos.ledger import Ledger
from tests.chaos.processes import Table
from tests.chaos.schedule import Fault
from tests.chaos.site import Site
from tests.chaos.world import World

UP = 300.0
"""Seconds for all machines to come up for the first time, on a busy host."""
CALM = 5.0
"""Seconds for which all must be well at the end."""
DOWN = 180.0
PATIENCE = 30.0


@dataclass(slots=True)
class Result:
    """What is known in the end. ``naive``: the twin's evidence and what it did, where there was one."""

    pcloud: Evidence
    naive: Evidence | None = None
    actions: list[tuple[float, str]] = field(default_factory=list)
    up: float = 0.0
    starts: int = 0


class Run:
    """``directory`` is empty, and of this run alone; ``logs`` is where it can be followed from outside."""

    def __init__(self, directory: Path, logs: Path, seed: int, faults: tuple[Fault, ...], *, twin: bool, monotonic: bool) -> None:
        self._logs, self._directory, self._seed, self._faults = logs, directory, seed, faults
        self._worlds: list[tuple[World, Evidence]] = []
        self._twin, self._monotonic = twin, monotonic
        self._mounts: list[str] = []
        self._targets = [f"{each.name}/{part.name}" for each in applications() for part in each.parts]

    def run(self) -> Result:
        """All of it. Whatever happens, the worlds are ended; what is left of them ends with the namespace."""
        network.begin()
        listener = proxy.listener()
        slow = subprocess.Popen([sys.executable, "-m", "tests.chaos.proxy", str(listener.fileno())], pass_fds=[listener.fileno()])
        for name in ["pcloud", "naive"] if self._twin else ["pcloud"]:
            log = self._logs / f"{name}.log"
            log.write_text("")
            made = world.make(self._directory / name, name, log, monotonic=self._monotonic, proxy=listener.getsockname()[1])
            self._worlds.append((made, Evidence()))
        self._mounts = mounts()
        try:
            return self._go()
        finally:
            slow.kill()
            slow.wait()
            for each, _ in self._worlds:
                each.controller.end()

    def _go(self) -> Result:
        (own, evidence), started = self._worlds[0], time.monotonic()
        for each, _ in self._worlds:
            each.controller.start()
        with Client(own.socket, timeout=PATIENCE) as client:
            begin_all(client)
            self._until_up(client, started)
            begin = time.monotonic()
            eye = Eye({each.site: found for each, found in self._worlds}, self._targets, begin)
            ledger = Ledger(own.state, evidence, {each.name: each.infrastructure for each in applications()}, begin)
            customer = Customer(own.socket, evidence, self._seed, begin)
            for watcher in (eye, ledger, customer):
                watcher.start()
            try:
                asyncio.run(Executor(self._worlds, begin, sys.stdout).run(self._faults))
                say(f"the last fault is over; all must be well within {recovered_within():.0f} s")
                customer.close()
                self._settle(eye, ledger)
            finally:
                eye.close()
            result = Result(
                evidence, self._worlds[1][1] if self._twin else None, self._actions(begin), begin - started, own.controller.starts
            )
            ledger.take_stock(own.site)
            take_down(client, customer.registered, evidence)
            ledger.close()
        self._last_look()
        return result

    def _until_up(self, client: Client, started: float) -> None:
        """All machines of all worlds are whole, and the daemon knows: it is not judged yet."""
        sites = {each.site: found for each, found in self._worlds}
        eye = Eye(sites, self._targets, started)

        def up() -> bool:
            eye.look()
            whole = all(eye.whole(site, target) for site in sites for target in self._targets)
            return whole and all(each.state == "healthy" for each in client.list_deployables())

        if not until(up, UP):
            missing = [f"{site.name}: {target}" for site in sites for target in self._targets if not eye.whole(site, target)]
            raise RuntimeError(f"not up within {UP:.0f} s: {', '.join(missing)}\n{self._worlds[0][0].controller.last_words()}")
        for found in sites.values():
            found.doubles.clear()
        say(f"{len(self._targets)} machines of {len(applications())} deployables are up after {time.monotonic() - started:.0f} s")

    def _settle(self, eye: Eye, ledger: Ledger) -> None:
        """Wait until all is well for a while, by the processes and by the journal."""
        (own, evidence), since = self._worlds[0], time.monotonic()
        well_since: list[float] = []

        def well() -> bool:
            sick = [words for words in unwell(eye, ledger, own.site, self._targets).values() if not fenced(words)]
            if sick:
                well_since.clear()
            elif not well_since:
                well_since.append(time.monotonic())
            return bool(well_since) and time.monotonic() - well_since[0] >= CALM

        done = until(well, recovered_within())
        evidence.settled = well_since[0] - since if done else recovered_within()
        evidence.unrecovered = unwell(eye, ledger, own.site, self._targets)
        say(f"{'all is well' if done else 'waited in vain'} {evidence.settled:.0f} s after the last fault")
        for target, words in evidence.unrecovered.items():
            say(f"not recovered: {target}: {words}")

    def _actions(self, begin: float) -> list[tuple[float, str]]:
        """What the twin did since the faults began."""
        found = []
        for line in self._worlds[1][0].log.read_text(errors="replace").splitlines() if self._twin else []:
            with suppress(ValueError, TypeError, KeyError):
                said = json.loads(line)
                found.append((said["at"] - begin, said["target"]))
        return [(at, target) for at, target in found if at >= 0.0]

    def _last_look(self) -> None:
        """What is left when all deployables are deleted and the daemon has ended."""
        own, evidence = self._worlds[0]
        evidence.backwards += conflicts(own.site)
        own.controller.end()
        evidence.deaths = own.controller.deaths
        evidence.strays += [
            f"process {each.pid} of {each.node}: {each.command}" for each in Table().look() if str(own.directory) in each.node
        ]
        for left in ("nodes/*", "volumes/*", "faults.json"):
            evidence.strays += [f"left: {path}" for path in own.site.clouds.glob(f"*/{left}")]
        network.end()
        if rules := network.rules().strip():
            evidence.strays.append(f"firewall: {rules}")
        evidence.strays += [f"mount: {each}" for each in mounts() if each not in self._mounts]


def mounts() -> list[str]:
    return Path("/proc/self/mounts").read_text().splitlines()


def say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def until(look: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if look():
            return True
        time.sleep(0.5)
    return False


def insist(call: Callable[[], object], patience: float) -> None:
    """As an operator would whom a dead daemon does not answer: again."""
    deadline = time.monotonic() + patience
    while True:
        try:
            call()
        except PcloudError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


def begin_all(client: Client) -> None:
    """Register and start every deployable."""
    insist(client.daemon, UP)
    for each in applications():
        upload = SpecUpload(source=spec(each), path="spec.yaml")
        insist(lambda upload=upload: client.create(upload, replace=True), UP)
        insist(lambda name=each.name: client.start(name), UP)


def unwell(eye: Eye, ledger: Ledger, site: Site, targets: list[str]) -> dict[str, str]:
    """What is not well, and how it stands."""
    words = ledger.words()
    found = {}
    for target in targets:
        name = target.split("/")[0]
        if words.get(name) != "healthy":
            found[name] = f"{words.get(name)}: {ledger.reason(name)}"
        elif not eye.whole(site, target):
            found[target] = f"not whole, and said to be {words.get(target)}"
    return found


def take_down(client: Client, registered: list[str], evidence: Evidence) -> None:
    """Stop and delete everything, with its volumes: what is left then is a stray."""
    names = [each.name for each in applications()]
    for name in names:
        insist(lambda name=name: client.stop(name), DOWN)
    until(lambda: all(client.status(name).state == "stopped" for name in names), DOWN)
    known = {each.name for each in client.list_deployables()}
    for name in [*names, *(each for each in registered if each in known)]:
        try:
            client.delete(name, volumes=True)
        except PcloudError as error:
            evidence.strays.append(f"{name} cannot be deleted: {error}")
