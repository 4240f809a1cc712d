"""As much of Keystone and Glance as an upload needs, on loopback; held to the same cases as the lab's (test_image_upload.py).

``bad`` are its bad days: ``refuse`` (the tokens of the next so many files are refused, when all of it has arrived), ``cut`` (a file's
connection ends after so many bytes), ``garble`` (what arrives is stored changed).
"""

from __future__ import annotations

import hashlib
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PIECE = 64 * 1024


class SmallGlance:
    """``url`` is Keystone's. ``images`` by their ids; ``services``: what the catalog has."""

    def __init__(self) -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self.bad: dict[str, int] = {}
        self.services = ["image"]
        self.sent: list[str] = []
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                cloud.handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 - http.server's own names

            def log_message(self, *words: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="small glance", daemon=True).start()

    def close(self) -> None:
        """Nobody listens any more."""
        self._server.shutdown()
        self._server.server_close()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        where = [part for part in parts.path.split("/") if part]
        if where == ["v3", "auth", "tokens"]:
            request.rfile.read(int(request.headers["content-length"]))
            _answer(request, 201, {"token": self._token()}, {"X-Subject-Token": uuid.uuid4().hex})
        elif request.command == "PUT" and self._used("refuse"):
            request.rfile.read(int(request.headers.get("content-length") or 0))
            _answer(request, 401, {"error": {"message": "The request you have made requires authentication."}})
        elif request.command == "PUT":
            self._put(request, where[2])
        else:
            body = request.rfile.read(int(request.headers.get("content-length") or 0))
            _answer(request, *self._small(request.command, where, parse_qs(parts.query), body))

    def _token(self) -> dict[str, Any]:
        endpoint = {"interface": "public", "region": "one", "url": self.url}
        catalog = [{"type": each, "endpoints": [endpoint]} for each in self.services]
        return {"expires_at": "2099-01-01T00:00:00Z", "user": {"id": "u"}, "project": {"id": "p"}, "catalog": catalog}

    def _small(self, method: str, where: list[str], query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        match method, where[2:]:
            case "GET", []:
                return 200, {"images": [each for each in self.images.values() if [each["name"]] == query.get("name")]}
            case "POST", []:
                made = {"id": str(uuid.uuid4()), "status": "queued", **json.loads(body)}
                self.images[made["id"]] = made
                return 201, made
            case "GET", [image] if image in self.images:
                return 200, self.images[image]
            case "DELETE", [image] if image in self.images:
                del self.images[image]
                return 204, None
        return 404, {"message": "No such image"}

    def _put(self, request: BaseHTTPRequestHandler, image: str) -> None:
        size, content = int(request.headers["content-length"]), b""
        self.images[image]["status"] = "saving"
        while len(content) < size:
            content += request.rfile.read(min(PIECE, size - len(content)))
            if len(content) >= self.bad.get("cut", size + 1):
                request.close_connection = True
                request.connection.close()
                return
        self.sent.append(self.images[image]["name"])
        content += b"?" if self._used("garble") else b""
        digest = {"os_hash_algo": "sha512", "os_hash_value": hashlib.sha512(content).hexdigest()}
        self.images[image] |= {"status": "active", **digest}
        _answer(request, 204, None)

    def _used(self, what: str) -> bool:
        left = self.bad.get(what, 0)
        self.bad[what] = max(0, left - 1)
        return left > 0


def _answer(request: BaseHTTPRequestHandler, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
    content = b"" if body is None else json.dumps(body).encode()
    request.send_response(status)
    for name, value in {"Content-Type": "application/json", **(headers or {}), "Content-Length": str(len(content))}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(content)


@contextmanager
def small_glance() -> Iterator[SmallGlance]:
    """One for a while."""
    cloud = SmallGlance()
    try:
        yield cloud
    finally:
        cloud.close()
