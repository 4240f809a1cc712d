"""``pcloud explain --svg``: the recovery that was decided upon, as a picture in a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from pcloud.cli.targets import Target
from pcloud.client import Client
from pcloud.errors import NotFoundError, PcloudError
from pcloud.records.event import EventRecord
from pcloud.records.explanation import Explanation
from pcloud.screen.console import Screen
from pcloud.screen.picture import svg
from pcloud.screen.timeline import Timeline, ends, timeline_of

BEFORE = timedelta(hours=1)
"""How long before a decision its beginning is looked for: silence lasts minutes, and what is held waits for an hour at the most."""
PAGE, MOST = 500, 5000  # events asked for at once, and in all: a picture of more shows nothing


def draw(client: Client, screen: Screen, sought: Target, found: Sequence[Explanation], file: Path) -> None:
    """Write the picture of the decisions that were ``found``; ``-`` is standard output. Raises NotFoundError, PcloudError."""
    if not found:
        raise NotFoundError(f"nothing was decided about {sought} yet, so that there is no picture of it")
    picture = svg(pictured(client, str(sought), found[0].decision, found[-1].decision))
    if str(file) == "-":
        screen.raw(picture.rstrip("\n"))
        return
    try:
        file.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise PcloudError(f"the picture cannot be written to {file}: {error.strerror}") from error
    screen.say(f"the picture is in {file}")


def pictured(client: Client, scope: str, first: EventRecord, last: EventRecord) -> Timeline:
    """The story of these decisions, from what is stored."""
    events: list[EventRecord] = []
    while len(events) < MOST and not ends(events, scope, last):
        after = events[-1].seq if events else 0
        page = client.events(after=after, limit=PAGE, target=first.deployable, since=first.at - BEFORE)
        events += page
        if len(page) < PAGE:
            break
    return timeline_of(events, scope, first, last)
