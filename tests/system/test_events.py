"""The stream of events across everything that breaks it: cut connections, a daemon that is killed, one that ends in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from itertools import islice

import httpx
import pytest
from httpx_sse import ServerSentEvent, connect_sse

from pcloud.client import Client
from pcloud.errors import PcloudError
from pcloud.records.event import EventRecord
from pcloud.records.operating import PauseRequest, ResumeRequest
from tests.system.running import PATIENCE, Daemon, until
from tests.system.specs import group

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


class Talker:
    """Makes events as fast as they can be made, whether a daemon is there or not."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.enough = threading.Event()
        self.thread = threading.Thread(target=self.talk, name="talker")

    def talk(self) -> None:
        with Client(self.daemon.socket) as client:
            while not self.enough.is_set():
                try:
                    client.pause("group", PauseRequest(owner="ann"))
                    client.resume("group", ResumeRequest(owner="ann"))
                except PcloudError:
                    self.enough.wait(0.05)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.enough.set()
        self.thread.join(PATIENCE)


def messages(daemon: Daemon, behind: str) -> Iterator[ServerSentEvent]:
    """Of one connection, begun as a browser does it that has seen ``behind``."""
    transport = httpx.HTTPTransport(uds=str(daemon.socket))
    with (
        httpx.Client(transport=transport, trust_env=False, timeout=PATIENCE) as http,
        connect_sse(http, "GET", "http://pcloud/v1/events/stream", headers={"Last-Event-ID": behind}) as source,
    ):
        assert source.response.headers["content-type"].startswith("text/event-stream")
        yield from source.iter_sse()


class Reader:
    """Reads from connection to connection, each begun behind the last event of the one before."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.seen: list[int] = []

    def read(self, most: int | None = None) -> None:
        """One connection, until it has brought ``most`` or breaks."""
        behind = str(self.seen[-1]) if self.seen else "0"
        with closing(messages(self.daemon, behind)) as coming, suppress(httpx.TransportError):
            for message in islice((each for each in coming if each.event == "event"), most):
                event = EventRecord.model_validate_json(message.data)
                assert message.id == event.id == str(event.seq)
                self.seen.append(event.seq)


def test_no_event_is_lost_or_doubled_by_cut_connections_and_restarts(daemon: Daemon) -> None:
    daemon.create(group())
    reader = Reader(daemon)
    with Talker(daemon):
        for most in (1, 2, 3, 5, 8, 13):
            reader.read(most)
        for end in (daemon.kill, daemon.end):
            reading = threading.Thread(target=reader.read, name="reader")
            mark = len(reader.seen) + 10
            reading.start()
            until(partial(lambda mark: len(reader.seen) > mark, mark), "events are read")
            end()
            reading.join(PATIENCE)
            assert not reading.is_alive()
            daemon.start()
            reader.read(3)
    stored = [event.seq for event in daemon.events()]
    reader.read(len(stored) - len(reader.seen))
    assert reader.seen == stored
