"""A client of the daemon during a run: pauses and resumes, registers deployables, reads the journal, and remembers what it was told.

Rules: only an answer that says done is remembered; without one (the daemon is dead, or stopped) nobody was told anything. What it does is
drawn from the seed.
"""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from pathlib import Path

from pcloud.client import Client
from pcloud.errors import PcloudError
from pcloud.records.operating import PauseRequest, ResumeRequest
from pcloud.records.requests import SpecUpload
from tests.chaos.applications import applications
from tests.chaos.evidence import Evidence, Told

EVERY = 5.0
PAUSE = 20.0
"""Seconds for which a deployable is paused by this client; it says ``SAID``, longer than any clock jumps: only it ends it."""
SAID = 86400.0
TIMEOUT = 10.0
PATIENCE = 120.0
"""Seconds at the end for resuming what is paused; the daemon may be anywhere."""

NOTE = "deployable: {name}\nassemblies: {{one: {{image: host, data: ephemeral}}}}\n"
"""A deployable that is registered and never started."""


class Customer:
    """Works until it is closed."""

    def __init__(self, socket: Path, evidence: Evidence, seed: int, begin: float) -> None:
        self._client = Client(socket, timeout=TIMEOUT)
        self._evidence, self._chance, self._begin = evidence, random.Random(seed), begin
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="customer", daemon=True)
        self._paused: list[tuple[float, str, str]] = []
        self._number = 0
        self.registered: list[str] = []

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """No pause is left."""
        self._over.set()
        self._thread.join()

    def now(self) -> float:
        return time.monotonic() - self._begin

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            self._number += 1
            for until, name, mark in list(self._paused):
                if self.now() >= until:
                    self.resume(name, mark)
            with suppress(PcloudError):
                self.read()
                self._chance.choice((self.pause, self.register))()
        deadline = self.now() + PATIENCE
        while self._paused and self.now() < deadline:
            for _, name, mark in list(self._paused):
                self.resume(name, mark)
            time.sleep(1.0 if self._paused else 0.0)

    def pause(self) -> None:
        names = {name for _, name, _ in self._paused}
        name = self._chance.choice([each.name for each in applications() if each.name not in names])
        mark, asked = f"customer-{self._number}", self.now()
        self._paused.append((asked + PAUSE, name, mark))  # also when no answer comes: it may be paused
        self._client.pause(name, PauseRequest(owner=mark, reason="chaos", seconds=SAID))
        self._evidence.told.append(Told("paused", name, asked, self.now(), f"paused by {mark} "))

    def resume(self, name: str, mark: str) -> None:
        asked = self.now()
        try:
            self._client.resume(name, ResumeRequest(owner=mark))
        except PcloudError:
            return
        if any(f"paused by {mark} " == told.mark for told in self._evidence.told):  # else perhaps there was nothing to resume
            self._evidence.told.append(Told("resumed", name, asked, self.now(), f"resumed by {mark}"))
        self._paused = [each for each in self._paused if each[2] != mark]

    def register(self) -> None:
        name, asked = f"note-{self._number}", self.now()
        self.registered.append(name)
        self._client.create(SpecUpload(source=NOTE.format(name=name), path="note.yaml"))
        self._evidence.told.append(Told("created", name, asked, self.now()))

    def read(self) -> None:
        """The journal, as far as it is told."""
        while more := self._client.events(after=max(self._evidence.shown, default=0), limit=500):
            self._evidence.shown.update({event.seq: event.target for event in more})
