"""The three acts of the demo: break something, watch pcloud notice and heal it, and check that everything is as it was.

Rules: the times are those of the events, not of our looking; an act is true only if the right recovery was done, the site shows its front
page, and the post that was written at the beginning is still there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pcloud.client import Client
from pcloud.demo.blog import Blog
from pcloud.demo.faults import NAME, assembly_of
from pcloud.errors import PcloudError, TimedOutError
from pcloud.model.words import Choice, Rung
from pcloud.records.event import GRANTED, EventRecord
from pcloud.screen.console import Screen
from pcloud.screen.explaining import explanation_lines
from pcloud.screen.format import event_line, says_again

HEAL = 90.0  # seconds for one act: the slowest takes about 30 here
SITE = 20.0  # seconds for the site to serve again after everything is healthy: PHP compiles its files anew
LOOK = 0.1  # seconds between looks
NOTICED = {"failed", "suspect"}


@dataclass(frozen=True, slots=True)
class Act:
    """One fault and what must follow from it."""

    title: str
    assembly: str
    inject: Callable[[], str]
    expected: Rung


@dataclass(frozen=True, slots=True)
class Seen:
    """What an act came to. Times in seconds from the fault."""

    act: Act
    detected: float
    recovered: float
    generations: tuple[int, int]
    moved: tuple[str, str]  # the address before and after


def play(act: Act, client: Client, blog: Blog, post: str, screen: Screen) -> Seen:
    """Play one act. PcloudError when something that should be true is not."""
    before = assembly_of(client, act.assembly).instance
    after_event = newest(client)
    broken_at = datetime.now(UTC)
    screen.say(f"\n{act.title}")
    screen.say(f"  {act.inject()}")
    events = watch(client, after_event, screen)
    after = assembly_of(client, act.assembly).instance
    if before is None or after is None:
        raise PcloudError(f"{NAME}/{act.assembly} has no machine")
    check_recovery(act, events)
    wait_for_post(blog, post)
    screen.say(f"  the front page is WordPress's, and “{post}” is still there")
    noticed = next(event for event in events if event.assembly == act.assembly and event.to in NOTICED)
    return Seen(
        act,
        (noticed.at - broken_at).total_seconds(),
        (events[-1].at - broken_at).total_seconds(),
        (before.generation, after.generation),
        (before.address, after.address),
    )


def explain(act: Act, client: Client, screen: Screen) -> None:
    """What ``pcloud explain`` says of the recovery that the act has just shown."""
    target = f"{NAME}/{act.assembly}"
    screen.say(f"\npcloud explain {target}")
    screen.say_all(explanation_lines(client.explanations(target), datetime.now(UTC), screen.width))


def newest(client: Client) -> int:
    """The sequence number of the newest event."""
    events = client.events(last=True, limit=1)
    return events[-1].seq if events else 0


def watch(client: Client, after: int, screen: Screen) -> list[EventRecord]:
    """Show the events until the deployable has been unwell and is healthy again; returns them."""
    deadline = time.monotonic() + HEAL
    seen: list[EventRecord] = []
    while time.monotonic() < deadline:
        for event in client.events(after=seen[-1].seq if seen else after, limit=100):
            if event.kind != GRANTED and not says_again(event, seen[-1] if seen else None):
                screen.say(event_line(event, datetime.now(UTC)))
            seen.append(event)
            if event.assembly is None and event.to == "healthy":
                return seen
        time.sleep(LOOK)
    raise TimedOutError(f"{NAME} is not healthy {HEAL:g}s after the fault: {client.status(NAME).reason}")


def check_recovery(act: Act, events: list[EventRecord]) -> None:
    """The rung that was climbed must be the expected one, and no other on this assembly."""
    done = [
        event.record.action for event in events if event.assembly == act.assembly and event.record and event.record.choice is Choice.ACT
    ]
    if done != [act.expected]:
        raise PcloudError(f"expected one {act.expected} of {act.assembly}, and saw {', '.join(map(str, done)) or 'nothing'}")


def wait_for_post(blog: Blog, title: str) -> None:
    """The site must serve its front page and the post, soon."""
    deadline = time.monotonic() + SITE
    while True:
        try:
            look(blog, title)
        except PcloudError:
            if time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(LOOK)


def look(blog: Blog, title: str) -> None:
    """One look at the site; PcloudError if the front page or the post is not as it should be."""
    blog.front_page()
    if not blog.has_post(title):
        raise PcloudError(f"the post “{title}” is not there any more")
