"""The one way from a command to the daemon."""

from __future__ import annotations

from pcloud.client import Client
from pcloud.places import socket_path


def connected() -> Client:
    """A client of the daemon at its usual place, or at PCLOUD_SOCKET."""
    return Client(socket_path())
