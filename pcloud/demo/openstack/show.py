"""The show-piece from curtain to curtain: the lab, the image, the first page, the first post, six acts, a table of times, the end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pcloud.client import Client
from pcloud.client.spec_files import read_spec
from pcloud.demo.blog import Blog
from pcloud.demo.faults import NAME
from pcloud.demo.openstack.acts import TARGET, Act, delete_server, perform
from pcloud.demo.openstack.cloud import Visitor
from pcloud.demo.openstack.lab import Lab
from pcloud.demo.openstack.place import GuestsPlace
from pcloud.demo.openstack.stage import POST, SITE_OF, Stage, expect_post
from pcloud.demo.openstack.times import table
from pcloud.errors import PcloudError
from pcloud.model.words import Desired
from pcloud.screen.console import Screen
from pcloud.screen.progress import Course, Outcome, follow

START = 1800.0  # seconds to start both assemblies: three minutes on a quiet machine
STOP = 300.0  # seconds to stop them
PICTURED = delete_server
PAGE = 120.0  # seconds for one page: PHP is emulated, and behind requests that wait for a database that hangs


def show(stage: Stage, acts: Sequence[Act], picture: Path | None) -> None:
    """Play these acts; the deployable is stopped and deleted at the end. PcloudError where something is not true.

    ``picture``: where the timeline of what ``PICTURED`` shows is drawn.
    """
    seen = []
    for act in acts:
        seen.append(perform(act, stage))
        if picture is not None and act.play is PICTURED:
            stage.place.draw(TARGET, picture)
    stage.screen.say()
    stage.screen.say_all(table(seen, stage.screen.width))
    stop(stage)


@contextmanager
def ready(place: GuestsPlace, lab: Lab, clouds: Path, screen: Screen) -> Iterator[Stage]:
    """The image is at the cloud, and the deployable runs; its front page was opened, and a post written."""
    screen.say(f"\nThe image: MariaDB and WordPress baked in, for guests that have no mirror ({place.directory})")
    place.provide_image()
    place.start_daemon()
    with Client(place.socket) as client:
        stage = Stage(place, lab, client, Visitor(clouds), screen)
        open_site(stage)
        yield stage


def open_site(stage: Stage) -> None:
    """Start the deployable, look at its front page, and write a post."""
    screen, client = stage.screen, stage.client
    screen.say(f"\npcloud deployable start {stage.place.spec}")
    client.create(read_spec(str(stage.place.spec)))
    began = time.monotonic()
    client.start(NAME)
    reached, status = follow(Course(partial(client.status, NAME), Desired.RUNNING, START), screen)
    if reached is not Outcome.REACHED:
        raise PcloudError(f"{NAME} did not start: {status.reason}")
    stage.blog = Blog(f"http://{stage.instance(SITE_OF).address}", stage.place.secret("admin"), PAGE)
    size = len(stage.blog.front_page())
    screen.say(f"healthy after {time.monotonic() - began:.1f}s; {stage.blog.base_url}/ is WordPress's front page ({size:,} characters)")
    number = stage.blog.write_post(POST, "Written before anything was broken.")
    expect_post(stage)
    screen.say(f"post {number} written: “{POST}”")


def stop(stage: Stage) -> None:
    """Stop and delete it, volumes as well, and see that nothing is left at the cloud."""
    screen, client = stage.screen, stage.client
    screen.say(f"\npcloud deployable stop {NAME}")
    client.stop(NAME)
    reached, status = follow(Course(partial(client.status, NAME), Desired.STOPPED, STOP), screen)
    if reached is not Outcome.REACHED:
        raise PcloudError(f"{NAME} did not stop: {status.reason}")
    client.delete(NAME, volumes=True)
    audit = client.audit_infrastructure("lab")
    if not audit.clean:
        raise PcloudError(f"something is left at the cloud: {', '.join(each.whose for each in audit.found)}")
    screen.say("pcloud infrastructure audit lab: nothing is left at the cloud")
