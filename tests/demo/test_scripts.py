"""The demo's application by itself: what its scripts and commands promise to whoever restarts and relaunches them."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcloud.errors import PcloudError
from tests.demo.by_hand import DATABASE_PORT, Machine, Stack, eventually

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("a place with spaces"))
    try:
        yield stack
    finally:
        stack.close()


def test_a_post_outlives_the_machine_of_its_database(stack: Stack) -> None:
    title = "It's “here” & stays"
    stack.blog.write_post(title, "Written before the database's machine was destroyed.")
    stack.database.close()
    assert not stack.serves()
    stack.database = stack.new_database()
    stack.configure_web()
    stack.web.kill()
    stack.start_web()
    assert any("stays" in found for found in stack.blog.titles())


def test_a_killed_database_starts_again_with_its_posts(stack: Stack) -> None:
    stack.blog.write_post("Durable", "It was answered, so it was written.")
    stack.database.kill()
    stack.database.start()
    eventually(stack.serves)
    assert stack.blog.has_post("Durable")


def test_a_database_that_hangs_does_not_hang_the_web_server(stack: Stack) -> None:
    stack.database.signal(signal.SIGSTOP)
    try:
        with pytest.raises(PcloudError, match="500"):
            stack.blog.front_page()
    finally:
        stack.database.signal(signal.SIGCONT)
    eventually(stack.serves)


def test_bare_connections_to_the_database_never_lock_anybody_out(stack: Stack) -> None:
    for _ in range(150):  # MariaDB's limit for hosts that go by names is 100
        socket.create_connection((stack.database.address, DATABASE_PORT), timeout=5).close()
    assert stack.database.check()


def test_configuring_again_changes_nothing(stack: Stack) -> None:
    posts = stack.blog.titles()
    assert "installed" not in stack.configure_web()
    eventually(stack.serves)
    assert stack.blog.titles() == posts


def test_an_initialisation_that_was_interrupted_is_begun_anew(tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    half = volume / "databases.new" / "mysql"
    half.mkdir(parents=True)
    (half / "user.frm").write_text("half of something")
    database = Machine("mysql", tmp_path / "root", DATABASE_PORT, volume)
    try:
        assert "initialising" in database.run("provision")
        assert "databases found" in database.run("provision")
        database.start()
        eventually(database.check)
    finally:
        database.close()
    assert not (volume / "databases.new").exists()
