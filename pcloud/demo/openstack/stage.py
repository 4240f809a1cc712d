"""What every act of the show-piece shares: the events as they come, and what must be true after each.

Rules: the times are those of the events, not of our looking; an act is true only if what was done is exactly what should be, one machine of
each assembly runs, the site shows its front page, and the post that was written at the beginning is still there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pcloud.client import Client
from pcloud.demo.acts import LOOK, look, newest
from pcloud.demo.blog import Blog
from pcloud.demo.faults import NAME, assembly_of, instance_of
from pcloud.demo.openstack.cloud import Visitor
from pcloud.demo.openstack.lab import Lab
from pcloud.demo.openstack.place import GuestsPlace
from pcloud.errors import PcloudError, TimedOutError
from pcloud.model.words import Choice, Rung
from pcloud.records.event import GRANTED, EventRecord
from pcloud.records.operating import TargetRequest
from pcloud.records.status import InstanceStatusBody
from pcloud.screen.console import Screen
from pcloud.screen.format import event_line, says_again

HEAL = 900.0  # seconds for one act: the slowest takes four minutes on a quiet machine
SITE = 300.0  # seconds for the site to serve again after everything is healthy: emulated PHP, and a machine that may be busy
POST = "High availability, seen"
DATABASE, SITE_OF = "mysql", "web"
WELL = "healthy"

Wanted = Callable[[EventRecord], bool]


@dataclass(slots=True)
class Stage:
    """Where it is played. ``place`` has the daemon, ``cloud`` is what somebody else sees."""

    place: GuestsPlace
    lab: Lab
    client: Client
    cloud: Visitor
    screen: Screen
    blog: Blog = field(init=False)

    def instance(self, assembly: str = DATABASE) -> InstanceStatusBody:
        """The machine of an assembly."""
        return instance_of(self.client, assembly)

    def boot_id(self, assembly: str = DATABASE) -> str:
        """Of its machine, which a reboot changes."""
        return self.place.inside(f"{NAME}/{assembly}", "cat /proc/sys/kernel/random/boot_id")

    def state(self, assembly: str = DATABASE) -> str:
        """What pcloud calls the assembly now."""
        return assembly_of(self.client, assembly).state

    def playing(self) -> Play:
        """An act begins, with everything healthy: what happens from now on belongs to it, and what went before is not counted any more."""
        self.client.cleanup(NAME, TargetRequest(owner="demo", assembly=DATABASE))
        deadline = time.monotonic() + HEAL
        while (status := self.client.status(NAME)).state != "healthy":  # what is forgotten is looked at anew
            if time.monotonic() > deadline:
                raise TimedOutError(f"{NAME} is {status.state} {HEAL:g}s after its counters were forgotten: {status.reason}")
            time.sleep(LOOK)
        return self.playing_from(newest(self.client))

    def playing_from(self, seq: int) -> Play:
        """What comes after that event."""
        return Play(self, seq, datetime.now(UTC))


@dataclass(slots=True)
class Play:
    """One act under way, and the events that it has brought so far. ``broken_at``: when the fault was there."""

    stage: Stage
    after: int
    broken_at: datetime
    events: list[EventRecord] = field(default_factory=list)

    def broken(self, how: str, at: datetime | None = None) -> None:
        """The fault is there, since ``at`` or now."""
        self.broken_at = at or datetime.now(UTC)
        self.stage.screen.say(f"  {how}")

    def until(self, wanted: Wanted, what: str, patience: float = HEAL) -> EventRecord:
        """Show the events until one is wanted, which is returned. TimedOutError."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            for event in self._next():
                if wanted(event):
                    return event
            time.sleep(LOOK)
        reason = self.stage.client.status(NAME).reason
        raise TimedOutError(f"not seen within {patience:g}s: {what}{f' ({reason})' if reason else ''}")

    def until_well(self) -> EventRecord:
        """Until it has been unwell and is healthy again: the end of what went before may be stored a moment after it was told."""
        return self.until(lambda event: event.assembly is None and event.to == WELL and self._was_unwell(), f"{NAME} is healthy again")

    def _was_unwell(self) -> bool:
        return any(event.assembly is None and event.to not in {None, WELL} for event in self.events)

    def _next(self) -> Sequence[EventRecord]:
        last = self.events[-1] if self.events else None
        found = self.stage.client.events(after=last.seq if last else self.after, limit=1)
        for event in found:
            if event.kind != GRANTED and not says_again(event, last):
                self.stage.screen.say(event_line(event, datetime.now(UTC)))
            self.events.append(event)
        return found

    def done(self, assembly: str = DATABASE) -> list[Rung]:
        """What was decided to be done about an assembly, in order."""
        records = [event.record for event in self.events if event.assembly == assembly]
        return [each.action for each in records if each is not None and each.choice is Choice.ACT and each.action is not None]

    def expect_done(self, *rungs: Rung) -> None:
        """Exactly this was done about the database, and nothing about the site."""
        for assembly, wanted in ((DATABASE, list(rungs)), (SITE_OF, [])):
            if (found := self.done(assembly)) != wanted:
                said = ", ".join(map(str, wanted)) or "nothing"
                raise PcloudError(f"expected {said} of {assembly}, and saw {', '.join(map(str, found)) or 'nothing'}")


def check(stage: Stage, before: InstanceStatusBody, generations: int) -> None:
    """After an act: so many generations more, the same address, one machine of each assembly, the site and the post."""
    after = stage.instance()
    if (after.generation - before.generation, after.address) != (generations, before.address):
        was, now = (f"generation {each.generation} at {each.address}" for each in (before, after))
        raise PcloudError(f"{NAME}/{DATABASE} was {was}, and is {now}: expected {generations} generations more at the same address")
    for assembly in (DATABASE, SITE_OF):
        running = [each.id for each in stage.cloud.servers(assembly) if each.status != "SHUTOFF"]
        if running != [stage.instance(assembly).id]:
            raise PcloudError(f"Nova has {len(running)} servers of {assembly} that are not off: {', '.join(running)}")
    expect_post(stage)
    stage.screen.say(f"  the front page is WordPress's, and “{POST}” is still there")


def expect_post(stage: Stage) -> None:
    """The site must serve its front page and the post, soon."""
    deadline = time.monotonic() + SITE
    while True:
        try:
            look(stage.blog, POST)
        except PcloudError:
            if time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(LOOK)
