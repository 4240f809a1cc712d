"""The demo from curtain to curtain: start, first page, first post, three acts, a table of times, stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from rich.text import Text

from pcloud.client import Client
from pcloud.client.spec_files import read_spec
from pcloud.demo import faults
from pcloud.demo.acts import Act, Seen, explain, play, wait_for_post
from pcloud.demo.blog import Blog
from pcloud.demo.faults import NAME, instance_of
from pcloud.demo.place import Place
from pcloud.errors import PcloudError
from pcloud.model.words import Desired, Rung
from pcloud.screen.columns import columns
from pcloud.screen.console import Screen
from pcloud.screen.progress import Course, Outcome, follow

START = 120.0  # seconds to start both assemblies: about 15 here, most of it MariaDB's and WordPress's own installation
STOP = 60.0  # seconds to stop them
PORT = 8080
POST = "High availability, seen"


def show(place: Place, screen: Screen, *, end: bool, explained: bool = False) -> None:
    """Play everything; with ``end`` the deployable is stopped and deleted at the end. PcloudError where something is not true.

    With ``explained`` each act is followed by what ``pcloud explain`` says of it.
    """
    screen.say(f"Starting a daemon of its own in {place.directory}")
    place.start_daemon()
    with Client(place.socket) as client:
        blog = open_site(place, client, screen)
        seen = []
        for act in acts(place, client):
            seen.append(play(act, client, blog, POST, screen))
            if explained:
                explain(act, client, screen)
        screen.say()
        screen.say_all(table(seen, screen.width))
        check_generations(seen)
        if end:
            stop(client, screen)


def open_site(place: Place, client: Client, screen: Screen) -> Blog:
    """Start the deployable, look at its front page, and write a post."""
    screen.say(f"\npcloud deployable start {place.spec}")
    client.create(read_spec(str(place.spec)))
    began = time.monotonic()
    client.start(NAME)
    reached, status = follow(Course(partial(client.status, NAME), Desired.RUNNING, START), screen)
    if reached is not Outcome.REACHED:
        raise PcloudError(f"{NAME} did not start: {status.reason}")
    blog = Blog(f"http://{instance_of(client, 'web').address}:{PORT}", place.secret("admin"))
    size = len(blog.front_page())
    screen.say(f"healthy after {time.monotonic() - began:.1f}s; {blog.base_url}/ is WordPress's front page ({size:,} characters)")
    number = blog.write_post(POST, "Written before anything was broken.")
    wait_for_post(blog, POST)
    screen.say(f"post {number} written: “{POST}”")
    return blog


def acts(place: Place, client: Client) -> list[Act]:
    """The three faults, mildest first."""
    return [
        Act("1. The database server is killed.", "mysql", lambda: faults.kill(place, client, "mysql", "mysqld"), Rung.RESTART),
        Act("2. The database's whole machine hangs.", "mysql", lambda: faults.freeze_machine(place, client, "mysql"), Rung.REBOOT),
        Act("3. The database's machine is destroyed.", "mysql", lambda: faults.destroy(place, client, "mysql"), Rung.RELAUNCH),
    ]


def table(seen: list[Seen], width: int) -> Iterator[Text]:
    """The times, from the fault on."""
    rows = []
    for each in seen:
        generation = f"{each.generations[0]} → {each.generations[1]}"
        address = " → ".join(dict.fromkeys(each.moved))
        fault = each.act.title.partition(" ")[2].rstrip(".")
        rows.append((fault, str(each.act.expected), f"{each.detected:.1f}s", f"{each.recovered:.1f}s", generation, address))
    return columns(("FAULT", "RECOVERY", "DETECTED", "RECOVERED", "GENERATION", "ADDRESS"), rows, width)


def check_generations(seen: list[Seen]) -> None:
    """Only the relaunch may have made a new generation, and exactly one."""
    for each in seen:
        steps = each.generations[1] - each.generations[0]
        if steps != (each.act.expected is Rung.RELAUNCH):
            raise PcloudError(f"{each.act.title} counted the generation up by {steps}")


def stop(client: Client, screen: Screen) -> None:
    """Stop and delete it, volumes as well: it was a demo."""
    screen.say(f"\npcloud deployable stop {NAME}")
    client.stop(NAME)
    reached, status = follow(Course(partial(client.status, NAME), Desired.STOPPED, STOP), screen)
    if reached is not Outcome.REACHED:
        raise PcloudError(f"{NAME} did not stop: {status.reason}")
    client.delete(NAME, volumes=True)
