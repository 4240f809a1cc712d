"""The demo's visitor and author: reads and writes the WordPress as people do, over HTTP.

Rules: blocking calls, each within a timeout; a 200 with the wrong body is a failure; raises PcloudError and TimedOutError only.
"""

from __future__ import annotations

import html
from typing import Any

import httpx

from pcloud.errors import PcloudError, TimedOutError

AUTHOR = "admin"
"""The user that web-configure.sh makes."""

TIMEOUT = 10.0
"""Seconds for one answer. A page takes 0.2 s; behind requests that wait 2 s each for a database that hangs, several seconds."""

MARK = 'content="WordPress'
"""What only a whole page has: the generator's name in its head. Without a theme WordPress answers 200 and an empty body."""

NEWEST = 100
"""How many posts ``titles`` looks at: the most that WordPress gives in one answer."""


class Blog:
    """One WordPress. ``base_url`` has no path: ``http://127.0.0.1:8080``. ``timeout`` in seconds, for one answer."""

    def __init__(self, base_url: str, password: str, timeout: float = TIMEOUT) -> None:
        self.base_url = base_url.rstrip("/")
        self._password = password
        self._timeout = timeout

    def front_page(self) -> str:
        """The HTML of the front page; PcloudError if it is not WordPress's."""
        with self._browser() as browser:
            page = self._ask(browser, "GET", "/").text
        if MARK not in page:
            raise PcloudError(f"{self.base_url}/ answers, but not with a page of WordPress ({len(page)} characters)")
        return page

    def titles(self) -> list[str]:
        """The titles of the published posts, newest first, without logging in."""
        with self._browser() as browser:
            query = {"rest_route": "/wp/v2/posts", "per_page": NEWEST, "_fields": "title"}
            posts = self._decode(self._ask(browser, "GET", "/", params=query))
        if not isinstance(posts, list):
            raise PcloudError(f"{self.base_url} did not list its posts")
        return [html.unescape(post["title"]["rendered"]) for post in posts]

    def has_post(self, title: str) -> bool:
        """Whether a visitor finds the post."""
        return title in self.titles()

    def write_post(self, title: str, body: str) -> int:
        """Log in, publish a post, and return its id."""
        with self._browser() as browser:
            self._log_in(browser)
            nonce = self._ask(browser, "GET", "/wp-admin/admin-ajax.php", params={"action": "rest-nonce"}).text
            answer = self._ask(
                browser,
                "POST",
                "/",
                params={"rest_route": "/wp/v2/posts"},
                headers={"X-WP-Nonce": nonce},
                json={"title": title, "content": body, "status": "publish"},
            )
        post = self._decode(answer)
        if not isinstance(post, dict) or post.get("status") != "publish":
            raise PcloudError(f"{self.base_url} did not publish the post")
        return int(post["id"])

    def _browser(self) -> httpx.Client:
        # The environment's proxies are for the world outside, and this site is not there.
        return httpx.Client(base_url=self.base_url, timeout=self._timeout, trust_env=False)

    def _log_in(self, browser: httpx.Client) -> None:
        self._ask(browser, "GET", "/wp-login.php")  # sets the cookie by which WordPress sees that cookies work
        self._ask(browser, "POST", "/wp-login.php", data={"log": AUTHOR, "pwd": self._password, "testcookie": "1"})
        if not any(name.startswith("wordpress_logged_in_") for name in browser.cookies):
            raise PcloudError(f"{self.base_url} does not let {AUTHOR} in")

    def _ask(self, browser: httpx.Client, method: str, path: str, **rest: Any) -> httpx.Response:
        try:
            answer = browser.request(method, path, **rest)
        except httpx.TimeoutException as error:
            raise TimedOutError(f"{self.base_url} did not answer within {self._timeout:g} s") from error
        except httpx.HTTPError as error:
            raise PcloudError(f"{self.base_url} cannot be reached: {error}") from error
        if answer.is_error:
            raise PcloudError(f"{self.base_url} answered {answer.status_code} to {method} {path}")
        return answer

    def _decode(self, answer: httpx.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise PcloudError(f"{self.base_url} answered with something that is not JSON") from error
