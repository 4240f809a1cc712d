from __future__ import annotations

import queue
import threading
from contextlib import aclosing
from itertools import islice
from pathlib import Path

import pytest

from cpe.shell.api.events import Stopping, stream_messages
from pcloud.client import Client
from pcloud.errors import NoDaemonError
from pcloud.records.event import EventRecord
from tests.api.memory_controller import QUEUE, MemoryController
from tests.api.serving import LONG, Served, eventually
from tests.api.specs import upload


@pytest.mark.real
def test_events_arrive_as_they_happen_and_only_those_of_the_target(client: Client) -> None:
    client.create(upload())
    coming = client.stream_events(target="blog/web", after=0)
    client.start("blog")
    assert next(coming).target == "blog/web"
    client.status("blog")
    assert next(coming).target == "blog/web"


@pytest.mark.real
def test_a_stream_of_one_kind_brings_the_stored_and_the_coming_ones_of_it(tmp_path: Path) -> None:
    controller, place = MemoryController(), tmp_path / "api.sock"
    controller.report("blog", kind="held", reason="one", alert=True)
    with Client(place) as client, Served(controller, place) as served:
        coming = client.stream_events(after=0, kind="alert")
        assert next(coming).reason == "one"
        served.do(lambda: controller.report("blog", kind="held", reason="two", alert=True))
        assert (next(coming).seq, controller.stored[-1].kind) == (4, "alert")


@pytest.mark.real
def test_a_stream_goes_on_over_a_restart_of_the_daemon_without_loss_or_repeat(tmp_path: Path) -> None:
    controller, place = MemoryController(), tmp_path / "api.sock"
    with Client(place) as client:
        with Served(controller, place):
            client.create(upload())
            events = client.stream_events(after=0)
            assert next(events).seq == 1
        controller.report("blog", kind="while-away")
        with Served(controller, place) as served:
            assert next(events).seq == 2
            served.do(lambda: controller.report("blog", kind="back"))
            assert next(events).seq == 3


@pytest.mark.real
def test_a_stream_that_was_cut_off_before_its_first_event_misses_none(tmp_path: Path) -> None:
    controller, place = MemoryController(), tmp_path / "api.sock"
    controller.report("blog", kind="before")
    coming: queue.Queue[EventRecord] = queue.Queue()
    with Client(place) as client:
        reader = threading.Thread(target=lambda: coming.put(next(client.stream_events())), name="reader")
        with Served(controller, place):
            reader.start()
            eventually(lambda: controller.subscribers)
        controller.report("blog", kind="while-away")
        with Served(controller, place):
            assert coming.get(timeout=LONG).kind == "while-away"
        reader.join(LONG)


@pytest.mark.real
def test_a_daemon_that_stays_away_ends_the_patience(tmp_path: Path) -> None:
    controller, place = MemoryController(), tmp_path / "api.sock"
    controller.report("blog", kind="one")
    with Client(place) as client:
        with Served(controller, place):
            events = client.stream_events(after=0, patience=0)
            next(events)
        with pytest.raises(NoDaemonError):
            next(events)


@pytest.mark.real
def test_thousands_of_stored_events_are_caught_up_with_in_order(tmp_path: Path) -> None:
    controller, place = MemoryController(), tmp_path / "api.sock"
    for number in range(1200):  # more than two pages
        controller.report("blog", kind=f"k{number}")
    with Served(controller, place), Client(place) as client:
        assert [one.seq for one in islice(client.stream_events(after=0), 1200)] == list(range(1, 1201))


async def ids(controller: MemoryController, begin: int | None, flood: int) -> list[int]:
    """What a reader gets who does not read while ``flood`` events happen, until it is cut off."""
    seen: list[int] = []
    async with aclosing(stream_messages(controller, Stopping(), "", begin)) as messages:
        async for message in messages:
            if message.event == "event":
                seen.append(int(message.id or 0))
            for _ in range(flood):
                controller.report("blog", kind="flood")
            flood = 0
    return seen


async def test_a_reader_that_is_too_slow_is_cut_off_and_resumes_where_it_was() -> None:
    controller = MemoryController()
    first = await ids(controller, None, 3 * QUEUE)
    assert first == list(range(1, QUEUE))
    assert controller.subscribers == set()

    stopping = Stopping()
    rest: list[int] = []
    async with aclosing(stream_messages(controller, stopping, "", first[-1])) as messages:
        async for message in messages:
            if message.event == "event":
                rest.append(int(message.id or 0))
            if message.id == str(3 * QUEUE):
                stopping.begin()
    assert first + rest == list(range(1, 3 * QUEUE + 1))


async def test_a_stream_without_a_beginning_starts_behind_the_newest_event_and_says_so() -> None:
    controller = MemoryController()
    controller.report("blog", kind="old")
    stopping = Stopping()
    async with aclosing(stream_messages(controller, stopping, "", None)) as messages:
        ready = await anext(messages)
        assert (ready.event, ready.id) == ("ready", "1")
        controller.report("blog", kind="new")
        assert (await anext(messages)).id == "2"


async def test_an_event_that_is_both_stored_and_queued_comes_once() -> None:
    controller = MemoryController()
    controller.report("blog", kind="stored")
    stopping = Stopping()
    async with aclosing(stream_messages(controller, stopping, "", 0)) as messages:
        await anext(messages)  # subscribed; the store is not read yet
        controller.report("blog", kind="both")
        assert [(await anext(messages)).id for _ in range(2)] == ["1", "2"]
        controller.report("blog", kind="queued")
        assert (await anext(messages)).id == "3"
