"""What every machine of the chaos suite runs: a tiny database that counts in its volume, or a page that shows the next number of one.

Rules: one file, few imports, next to no CPU. Every request is answered by one line of HTTP/1.0. Whoever finds another one writing into its
volume writes that down in ``conflicts``, which the judge reads.
"""

from __future__ import annotations

import fcntl
import os
import socket
import sys

PORT = 8000
BACKEND_TIMEOUT = 1.0
"""Seconds: below the timeout of the check that asks for the page."""

REQUEST_TIMEOUT = 6.0
"""Seconds: below that timeout too, and long enough for a controller that has connected and is not scheduled yet."""

ROOT, ADDRESS = os.environ.get("PCLOUD_ROOT", ""), os.environ.get("PCLOUD_ADDRESS", "")
BACKENDS = [address for name in ("DB", "CACHE") if (address := os.environ.get(name))]
VOLUME = f"{ROOT}/data"


def only_writer() -> object:
    """Holds the volume's lock for life."""
    lock = open(f"{VOLUME}/lock", "a")  # noqa: PTH123, SIM115 - pathlib takes longer to import than all the rest
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with open(f"{VOLUME}/conflicts", "a") as file:  # noqa: PTH123
            file.write(f"{ROOT}\n")
        sys.exit("somebody else writes into this volume")
    return lock


def next_number() -> int:
    """The counter, one higher than ever before, and written down."""
    try:
        with open(f"{VOLUME}/counter") as file:  # noqa: PTH123
            number = int(file.read()) + 1
    except FileNotFoundError:
        number = 1
    with open(f"{VOLUME}/counter.new", "w") as file:  # noqa: PTH123
        file.write(str(number))
    os.replace(f"{VOLUME}/counter.new", f"{VOLUME}/counter")  # noqa: PTH105
    return number


def asked(backend: str) -> str:
    """What another machine's service says."""
    with socket.create_connection((backend, PORT), BACKEND_TIMEOUT, source_address=(ADDRESS, 0)) as connection:
        connection.settimeout(BACKEND_TIMEOUT)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        said = b""
        while more := connection.recv(4096):
            said += more
    status, _, body = said.decode().partition("\r\n\r\n")
    if " 200 " not in status:
        raise OSError(f"{backend}: {status[:60]}")
    return body.strip()


def answer() -> tuple[str, str]:
    """Status and body of the page."""
    if os.path.isdir(VOLUME):  # noqa: PTH112
        return "200 OK", f"counter {next_number()}"
    try:
        return "200 OK", " ".join(["page", *map(asked, BACKENDS)])
    except OSError as error:
        return "503 Backend", str(error)


def serve() -> None:
    lock = only_writer() if os.path.isdir(VOLUME) else None  # noqa: F841, PTH112 - held
    listener = socket.create_server((ADDRESS, PORT), backlog=64)
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.settimeout(REQUEST_TIMEOUT)
                connection.recv(4096)
                status, body = answer()
                text = f"{body}\n"
                connection.sendall(f"HTTP/1.0 {status}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
            except OSError:
                continue  # whoever asked is gone


if __name__ == "__main__":
    serve()
