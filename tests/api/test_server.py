from __future__ import annotations

import signal
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from cpe.shell.api.server import CONNECTIONS
from cpe.shell.api.socket_file import claim
from pcloud.client import Client
from pcloud.errors import AmbiguousError, NoDaemonError, PcloudError, RefusedError, TimedOutError
from pcloud.records.status import DeployableStatus
from tests.api.memory_controller import MemoryController
from tests.api.serving import LONG, Served, eventually
from tests.api.specs import upload

pytestmark = pytest.mark.real


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "run" / "api.sock"


def test_the_socket_is_for_its_owner_only(place: Path) -> None:
    with Served(MemoryController(), place):
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_the_socket_is_gone_when_the_server_has_ended(place: Path) -> None:
    with Served(MemoryController(), place):
        assert place.exists()
    assert list(place.parent.iterdir()) == []


def test_a_second_server_on_the_same_socket_is_refused_and_the_first_goes_on(place: Path) -> None:
    with Served(MemoryController(), place), Client(place) as client:
        with pytest.raises(RefusedError, match="running"):
            claim(place)
        assert client.daemon().controller == "memory"


def test_the_socket_of_a_dead_daemon_is_taken_over(place: Path) -> None:
    place.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(place))
        dead.listen()
    assert place.is_socket()
    with Served(MemoryController(), place), Client(place) as client:
        assert client.daemon().controller == "memory"


def test_a_file_that_is_no_socket_is_left_alone(place: Path) -> None:
    place.parent.mkdir()
    place.write_text("precious")
    with pytest.raises(RefusedError, match="no socket"):
        claim(place)
    assert place.read_text() == "precious"


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="cannot listen"):
        claim(tmp_path / ("x" * 120))


def test_the_file_of_a_successor_is_not_removed(place: Path) -> None:
    first = claim(place)
    place.unlink()
    second = claim(place)
    first.release()
    assert place.is_socket()
    second.release()
    assert not place.exists()


def test_signals_stay_with_the_daemon(place: Path) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    with Served(MemoryController(), place):
        assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_more_connections_than_it_serves_are_told_so_and_served_when_others_have_ended(place: Path) -> None:
    with Served(MemoryController(), place), ExitStack() as others:
        for _ in range(CONNECTIONS):
            others.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)).connect(str(place))
        with Client(place) as client, pytest.raises(PcloudError, match="the daemon has too many connections already"):
            client.daemon()
        others.close()
        eventually(lambda: answers(place))


def answers(place: Path) -> bool:
    with Client(place) as client:
        try:
            return client.daemon().controller == "memory"
        except PcloudError:
            return False


def test_no_socket_means_no_daemon(place: Path) -> None:
    with Client(place) as client, pytest.raises(NoDaemonError) as caught:
        client.daemon()
    assert caught.value.exit_code == 6
    assert "pcloud-cped" in caught.value.cure


def test_a_socket_that_nobody_listens_on_means_no_daemon(place: Path) -> None:
    place.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(place))
    with Client(place) as client, pytest.raises(NoDaemonError):
        client.daemon()


@pytest.fixture
def rude(place: Path) -> Iterator[socket.socket]:
    place.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(place))
        listener.listen()
        yield listener


def test_a_daemon_that_dies_before_it_answers_leaves_the_matter_open(rude: socket.socket, place: Path) -> None:
    def hang_up() -> None:  # on the first that says anything
        said = b""
        while not said:
            connection, _ = rude.accept()
            with connection:
                said = connection.recv(1000)

    dying = threading.Thread(target=hang_up, name="dying daemon")
    dying.start()
    with Client(place) as client, pytest.raises(AmbiguousError, match="may have been done"):
        client.stop("blog")
    dying.join(LONG)


def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(rude: socket.socket, place: Path) -> None:
    with Client(place, timeout=0.1) as client, pytest.raises(TimedOutError):
        client.daemon()


def test_the_clients_proxies_are_not_asked(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Served(MemoryController(), place), Client(place) as client:
        assert client.daemon().controller == "memory"


class Buggy(MemoryController):
    async def status(self, name: str) -> DeployableStatus:
        raise ZeroDivisionError(name)


def test_a_bug_is_answered_logged_and_survived(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Served(Buggy(), place), Client(place) as client:
        with pytest.raises(PcloudError, match="a bug in pcloud: ZeroDivisionError") as caught:
            client.status("secret")
        assert "secret" not in str(caught.value).removesuffix("/v1/deployables/secret")
        assert client.daemon().controller == "memory"
    assert any(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in caplog.records)


def test_an_open_stream_does_not_keep_the_server_from_ending(place: Path) -> None:
    with Served(MemoryController(), place) as served:
        http = httpx.Client(transport=httpx.HTTPTransport(uds=str(place)), trust_env=False, timeout=LONG)
        with http, http.stream("GET", "http://pcloud/v1/events/stream") as stream:
            lines = stream.iter_lines()
            assert next(lines) == "id: 0"
            served.stop()
            assert list(lines)[-1] == ""  # ended in order, not cut off
    assert not place.exists()


def test_the_controller_keeps_nothing_of_a_stream_that_has_ended(place: Path) -> None:
    controller = MemoryController()
    with Served(controller, place), Client(place) as client:
        client.create(upload())
        events = client.stream_events(after=0)
        assert next(events).kind == "deployable-created"
        assert len(controller.subscribers) == 1
        events.close()  # type: ignore[attr-defined]
        eventually(lambda: not controller.subscribers)


def test_an_answer_of_another_version_is_an_error_of_ours(rude: socket.socket, place: Path) -> None:
    answered = threading.Thread(target=answer_oddly, args=(rude,), name="odd daemon")
    answered.start()
    with Client(place) as client, pytest.raises(PcloudError, match="not what this pcloud expects"):
        client.daemon()
    answered.join(LONG)


def answer_oddly(listener: socket.socket) -> None:
    said = b""
    while not said:
        connection, _ = listener.accept()
        with connection:
            said = connection.recv(1000)
            if said:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
