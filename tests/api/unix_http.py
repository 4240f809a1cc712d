"""requests over a Unix socket, for tools that speak through requests."""

from __future__ import annotations

import socket
from functools import partial
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

PATIENCE = 30.0  # seconds for one answer


class UnixConnection(HTTPConnection):
    """To the socket at ``path``, whatever the host's name."""

    def __init__(self, path: Path, **others: Any) -> None:
        super().__init__(**others)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))


class UnixAdapter(HTTPAdapter):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._pool = HTTPConnectionPool("pcloud", maxsize=1)
        self._pool.ConnectionCls = partial(UnixConnection, path)  # type: ignore[assignment]

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        return self._pool

    def close(self) -> None:
        self._pool.close()
        super().close()
