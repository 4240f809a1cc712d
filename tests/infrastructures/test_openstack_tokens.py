"""Tokens that end: the same cases for a Keystone of these tests' own, whose tokens live for a second, and for the lab's."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cpe.shell.infrastructures.openstack.account import Entry
from cpe.shell.infrastructures.openstack.identity import Identity
from openstack_lab.settings import HOME
from tests.infrastructures.openstack_cloud import OPENSTACK, entry, openstack_cloud
from tests.infrastructures.waiting import until
from tests.openstack_lab.keeping import KEEPER, lab

pytestmark = pytest.mark.real

BRIEF = 6
"""Seconds that the lab's tokens live meanwhile: more than a call takes there."""


class Keystone(BaseHTTPRequestHandler):
    """Lets everybody in, for a second."""

    numbers = itertools.count()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        ends = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        body = json.dumps({"token": {"expires_at": ends, "user": {"id": "ann"}, "project": {"id": "shop"}, "catalog": []}}).encode()
        self.send_response(201)
        for name, value in {"X-Subject-Token": f"token {next(self.numbers)}", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Nobody reads it."""


@contextmanager
def keystone() -> Iterator[Mapping[str, object]]:
    """How one is logged in to."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Keystone)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        auth = {"auth_url": f"http://127.0.0.1:{server.server_port}/v3", "username": "ann", "password": "x", "project_name": "shop"}
        yield {"auth": auth}
    finally:
        server.shutdown()
        server.server_close()


def restarted(change: Callable[[str], str]) -> None:
    """The lab's Keystone, with another configuration."""
    file = HOME / "etc" / "keystone.conf"
    text = change(file.read_text())
    assert lab("stop", "keystone").returncode == 0
    file.write_text(text)
    begun = lab("start", "keystone")
    assert begun.returncode == 0, begun.stderr


@pytest.fixture(scope="module")
def brief_tokens() -> Iterator[None]:
    """The lab's Keystone gives no others."""
    KEEPER.ensure()
    brief = f"[token]\nexpiration = {BRIEF}\n"
    restarted(lambda text: text.replace("[token]\n", brief))
    try:
        yield
    finally:
        restarted(lambda text: text.replace(brief, "[token]\n"))


@pytest.fixture(params=["a Keystone of these tests' own", pytest.param("openstack", marks=OPENSTACK)])
def identity(request: pytest.FixtureRequest) -> Iterator[Identity]:
    with keystone() as own:
        if request.param == "openstack":
            request.getfixturevalue("brief_tokens")
        account = Entry("demo", entry("demo") if request.param == "openstack" else own).account()
        yield Identity(lambda: account)


def test_a_token_is_used_for_nine_tenths_of_its_life_and_then_there_is_another(identity: Identity) -> None:
    began, first = datetime.now(UTC), identity.token()

    def another() -> bool:
        found = identity.token()
        assert found is first or datetime.now(UTC) > began + 0.8 * (first.until - began)  # a tenth for clocks that tell whole seconds
        return found is not first

    until(another, "there is another token")
    assert identity.token().value != first.value
    assert identity.token().until > first.until


def test_of_many_threads_whose_token_was_refused_one_logs_in(identity: Identity) -> None:
    refused = identity.token()
    barrier = threading.Barrier(8)

    def renewed() -> str:
        barrier.wait(30)
        identity.give_up(refused.value)
        return identity.token().value

    with ThreadPoolExecutor(8) as threads:
        values = {each.result() for each in [threads.submit(renewed) for _ in range(8)]}
    assert len(values) == 1
    assert refused.value not in values


@pytest.mark.openstack
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore:.*")  # libcloud's own
@pytest.mark.usefixtures("brief_tokens")
async def test_whoever_lives_longer_than_a_token_notices_nothing(cloud_directory: Path) -> None:
    with openstack_cloud(cloud_directory) as cloud:
        assert await cloud.count() == (0, 0)
        first = await cloud.ask("looking at the token", lambda driver: driver.login)
        until(lambda: datetime.now(UTC) > first.until, "the token has ended")
        assert (await cloud.count(), await cloud.volumes(), await cloud.ports()) == ((0, 0), [], [])
        assert (await cloud.ask("looking at the token", lambda driver: driver.login)).value != first.value
