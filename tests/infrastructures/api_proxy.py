"""Between an adapter and the API of a cloud: passes everything on, and has the bad days that it is told, as ``local`` has.

Rules: the faults are those of ``faults.json`` (``cpe.shell.infrastructures.local.faults``), as far as they can be had here: delay, status
with retry_after, then (the connection ends in the place of an answer), stale, times.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from cpe.shell.infrastructures.local.faults import Fault, parsed

UPSTREAM = 120.0  # seconds for the API itself to answer
NOT_PASSED = {"connection", "transfer-encoding", "content-length", "content-encoding", "accept-encoding", "host"}


Naming = Callable[[str, str, bytes], str]
"""Method, path, body."""


def call_of(method: str, path: str, body: bytes) -> str:
    """What ``faults.json`` calls a request to Nova; "" for what has no name there."""
    parts = [part for part in urlsplit(path).path.split("/") if part and not part.startswith("v2")]
    match method, parts:
        case "GET", ["servers", "detail"]:
            return "list"
        case "GET", ["servers", _]:
            return "read"
        case "POST", ["servers"]:
            return "create"
        case "DELETE", ["servers", _]:
            return "destroy"
    return ""


class ApiProxy:
    """``url`` is where it listens; it passes on to ``behind``. ``naming`` says what ``faults.json`` calls a request.

    ``refusals``: by call, statuses and bodies that are answered instead, each once.
    """

    def __init__(self, behind: str, naming: Naming = call_of) -> None:
        self._naming = naming
        self.refusals: dict[str, list[tuple[int, bytes]]] = {}
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self._host, self._port = urlsplit(behind).hostname or "", urlsplit(behind).port or 80
        self._faults: dict[str, Fault] = {}
        self._used: dict[str, int] = {}
        self._list: bytes | None = None
        self.asked: list[str] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                proxy.handle(self)

            do_GET = do_POST = do_PUT = do_DELETE = _any  # noqa: N815 - http.server's own names

            def log_message(self, *words: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}{urlsplit(behind).path}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="api proxy", daemon=True).start()

    def told(self, **faults: Mapping[str, object]) -> None:
        """These happen from now on, instead of those before."""
        self._faults, self._used = parsed(json.dumps(faults).encode()), {}

    def close(self) -> None:
        """Nobody listens any more."""
        self._server.shutdown()
        self._server.server_close()

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        call = self._naming(request.command, request.path, body)
        self.asked.append(call or f"{request.command} {request.path}")
        self.seen.append((request.path, dict(request.headers.items()), body))
        if self.refusals.get(call):
            _answer(request, *self.refusals[call].pop(0), {})
            return
        fault = self._fault(call)
        time.sleep(fault.delay)
        if isinstance(fault.status, int):
            headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
            _answer(request, fault.status, json.dumps({"error": {"message": "as told"}}).encode(), headers)
            return
        status, answer, headers = self._passed_on(request, body)
        if fault.then is not None:
            request.close_connection = True
            request.connection.close()
            return
        if call == "list":
            answer = self._list if fault.stale and self._list is not None else answer
            self._list = answer
        _answer(request, status, answer, headers)

    def _fault(self, call: str) -> Fault:
        fault = self._faults.get(call) or (self._faults.get("*") if call else None) or Fault()
        self._used[call] = self._used.get(call, 0) + 1
        return Fault() if fault.times is not None and self._used[call] > fault.times else fault

    def _passed_on(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=UPSTREAM)
        try:
            headers = {name: value for name, value in request.headers.items() if name.lower() not in NOT_PASSED}
            connection.request(request.command, request.path, body or None, headers)
            answer = connection.getresponse()
            back = {name: value for name, value in answer.getheaders() if name.lower() not in NOT_PASSED}
            return answer.status, answer.read(), back
        finally:
            connection.close()


def _answer(request: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    request.send_response(status)
    for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


@contextmanager
def api_proxy(behind: str, naming: Naming = call_of) -> Iterator[ApiProxy]:
    """One for a while."""
    proxy = ApiProxy(behind, naming)
    try:
        yield proxy
    finally:
        proxy.close()
