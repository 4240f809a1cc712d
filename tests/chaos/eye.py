"""The judge's eye on machines: at every look, which run, which are whole, and whether two of one assembly run at once.

Rules: a look takes some time, so that two generations are looked for again before they are believed. Whole is a machine that runs alone for
its assembly, with its first process, its sshd and its service alive and none of them stopped.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from tests.chaos.evidence import Double, Evidence
from tests.chaos.processes import Process, Table
from tests.chaos.site import Node, Site

EVERY = 0.5
"""Seconds between two looks: a relaunch takes longer, and the eye stays below a tenth of a core."""


class Eye:
    """Looks at one or more worlds until it is closed."""

    def __init__(self, sites: dict[Site, Evidence], targets: list[str], begin: float) -> None:
        self._sites, self._targets, self._begin = sites, targets, begin
        self._table = Table()
        self._open: dict[tuple[str, str], float] = {}
        self._doubles: dict[tuple[str, str], tuple[float, tuple[int, ...]]] = {}
        self._counters: dict[tuple[str, str], int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eye", daemon=True)
        self.looks = 0
        self.error: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """The last look ends what is still open. Raises what went wrong in it."""
        self._over.set()
        self._thread.join()
        if self.error is not None:
            raise self.error
        now = self.now()
        for (site, target), since in list(self._open.items()):
            self._evidence(site).broken.setdefault(target, []).append((since, now))
        for key in list(self._doubles):
            self._end_double(key, now)

    def now(self) -> float:
        return time.monotonic() - self._begin

    def _evidence(self, name: str) -> Evidence:
        return next(evidence for site, evidence in self._sites.items() if site.name == name)

    def _run(self) -> None:
        try:
            while not self._over.wait(EVERY):
                self.look()
        except Exception as error:  # noqa: BLE001 - told when it is closed
            self.error = error

    def look(self) -> None:
        """Everything once."""
        at = self.now()
        by_node: defaultdict[str, list[Process]] = defaultdict(list)
        for process in self._table.look():
            by_node[process.node].append(process)
        for site in self._sites:
            nodes: defaultdict[str, list[Node]] = defaultdict(list)
            for node in site.nodes():
                if by_node.get(str(node.directory)):
                    nodes[node.target].append(node)
            for target in self._targets:
                self._judge(site, target, nodes.get(target, []), by_node, at)
            self._count(site)
        self.looks += 1

    def _judge(self, site: Site, target: str, running: list[Node], by_node: dict[str, list[Process]], at: float) -> None:
        key = site.name, target
        if len(running) > 1:
            running = self._still(running)
        if len(running) > 1:
            generations = tuple(sorted(node.generation for node in running))
            self._doubles.setdefault(key, (at, generations))
        elif key in self._doubles:
            self._end_double(key, at)
        if len(running) == 1 and whole(by_node.get(str(running[0].directory), [])):
            if (since := self._open.pop(key, None)) is not None:
                self._evidence(site.name).broken.setdefault(target, []).append((since, at))
        else:
            self._open.setdefault(key, at)

    def _still(self, nodes: list[Node]) -> list[Node]:
        """Those that run now as well: what ran when the look began may have been stopped before the next one was made."""
        alive = {process.node for process in self._table.look()}
        return [node for node in nodes if str(node.directory) in alive]

    def _end_double(self, key: tuple[str, str], at: float) -> None:
        since, generations = self._doubles.pop(key)
        self._evidence(key[0]).doubles.append(Double(key[1], since, at, generations))

    def _count(self, site: Site) -> None:
        """A volume's counter only goes up, and nobody else writes there."""
        for counter in site.clouds.glob("*/volumes/*/data/counter"):
            with suppress(OSError, ValueError):
                key, number = (site.name, str(counter)), int(counter.read_text())
                if number < self._counters.get(key, 0):
                    self._evidence(site.name).backwards.append(f"{counter}: {number} after {self._counters[key]}")
                self._counters[key] = number

    def whole(self, site: Site, target: str) -> bool:
        """Whether it was at the last look."""
        return (site.name, target) not in self._open


def whole(processes: list[Process]) -> bool:
    """Whether what a machine needs is there, and goes on."""
    return all(
        any(wanted(process) and not process.stopped for process in processes)
        for wanted in (lambda each: each.supervises, lambda each: each.listens_for_ssh, lambda each: each.serves)
    )


def conflicts(site: Site) -> list[str]:
    """Volumes in which two wrote."""
    return [f"{path}: {path.read_text().split()}" for path in site.clouds.glob("*/volumes/*/data/conflicts") if Path(path).stat().st_size]
