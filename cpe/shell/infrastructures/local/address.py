"""A machine's own loopback address: chosen at random, free, and its own for life."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection

from cpe.shell.infrastructures.local.refusals import UnavailableError

SSH_PORT = 2222
"""Where a machine's SSH server listens: 22 would need root."""

TRIES = 100
"""Of 16 million addresses; so many misses mean that something else is wrong."""


def free_address(taken: Collection[str], port: int = SSH_PORT) -> str:
    """An address that no machine in ``taken`` has, and where ``port`` can be bound.

    Outside 127.0.0.0/16, where the host's own services live; random, so that a new machine hardly ever gets the address of a late one.
    """
    for _ in range(TRIES):
        address = f"127.{1 + secrets.randbelow(254)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
        if address not in taken and _bindable(address, port):
            return address
    raise UnavailableError(f"no loopback address found with port {port} free")


def _bindable(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
