"""Blog believes a page only by its body, and says in one sentence what is wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pcloud.demo.blog import Blog
from pcloud.errors import PcloudError
from tests.demo.by_hand import WEB_PORT, free_address

pytestmark = pytest.mark.real


class Hollow(BaseHTTPRequestHandler):
    """Answers 200 with nothing, like a WordPress without a theme."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class calls it so
        """Say nothing."""


@pytest.fixture
def hollow() -> Iterator[str]:
    with HTTPServer((free_address(0), 0), Hollow) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="hollow site")
        thread.start()
        try:
            yield f"http://{server.server_address[0]!s}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_an_empty_page_is_not_wordpress(hollow: str) -> None:
    with pytest.raises(PcloudError, match=r"not with a page of WordPress \(0 characters\)"):
        Blog(hollow, "any").front_page()


def test_an_answer_without_posts_is_no_list_of_posts(hollow: str) -> None:
    with pytest.raises(PcloudError, match="not JSON"):
        Blog(hollow, "any").titles()


def test_whoever_is_not_let_in_is_told_so(hollow: str) -> None:
    with pytest.raises(PcloudError, match="does not let admin in"):
        Blog(hollow, "any").write_post("Title", "Body")


def test_a_site_that_is_not_there_is_named() -> None:
    nowhere = f"http://{free_address(WEB_PORT)}:{WEB_PORT}"
    with pytest.raises(PcloudError, match=f"{nowhere} cannot be reached"):
        Blog(nowhere, "any").front_page()
