"""Whatever listens where a machine's sshd should: an attempt that was missed, or that says nothing.

Also a greeting of any service: any byte of it is an answer, and no byte is none.
"""

from __future__ import annotations

import asyncio
import struct
import tempfile
from functools import cache

import asyncssh
import pytest

from agents.answers import reach
from agents.ssh.faults import MissedError, UnclearError
from agents.ssh.link import open_link
from agents.ssh.options import machine_options
from pcloud.model.instance import Instance
from pcloud.model.words import Reach
from tests.fuzz.bounds import Bounds
from tests.fuzz.feeding import Feed, damaged, stream
from tests.fuzz.loops import Speaker, in_loop
from tests.fuzz.target import Target

PATIENCE = 60.0
"""Seconds that nothing here takes, for everybody hangs up when he has spoken."""
LISTS = (
    *(b"curve25519-sha256", b"ssh-ed25519", b"aes128-ctr", b"aes128-ctr", b"hmac-sha2-256", b"hmac-sha2-256", b"none", b"none"),
    *(b"", b""),
)


def _packet(payload: bytes) -> bytes:
    padding = 8 - (5 + len(payload)) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)


KEXINIT = _packet(b"\x14" + bytes(16) + b"".join(struct.pack(">I", len(each)) + each for each in LISTS) + bytes(5))
WORDS = (
    *(b"SSH-2.0-OpenSSH_9.2p1\r\n", b"SSH-1.5-old\r\n", b"SSH-2.0-", b"SSH-", KEXINIT, b"Exceeded MaxStartups\r\n"),
    _packet(b"\x01\0\0\0\x02\0\0\0\x04\x1b[31\0\0\0\0"),  # a disconnect that steers terminals
    *(_packet(bytes([number, 0, 0, 0, 1, 0])) for number in (2, 3, 4, 5, 6, 7, 20, 21, 31, 51, 52, 80, 99, 255)),
    *(b"\xff\xff\xff\xff", b"\0\0\0\0", b"J\0\0\0\n5.5.5-MariaDB\0", b"220 mail ESMTP\r\n", b"+OK\r\n", b"HTTP/1.0 400 Bad\r\n\r\n"),
)


def run(data: bytes) -> None:
    feed = Feed(data)
    greeting = b"SSH-2.0-OpenSSH_9.2p1\r\n" + (KEXINIT if feed.below(2) else b"") if feed.below(4) else b""
    greeting += damaged(stream(feed, WORDS), feed)
    in_loop(_try, greeting)


async def _try(greeting: bytes) -> None:
    async with Speaker(greeting) as server:
        assert await reach("127.0.0.1", server.port, PATIENCE) is (Reach.ANSWERED if greeting else Reach.REFUSED)
        instance, options = _known(server.port)
        said: list[object] = []
        with pytest.raises((MissedError, UnclearError)) as fault:
            await open_link(instance, options, PATIENCE, asyncio.Semaphore(), said.append, lambda: None)
        assert str(fault.value).isprintable()
        assert said == []


@cache
def _key() -> str:
    """A private key of ours; its file is gone again when it has been read."""
    return asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


def _known(port: int) -> tuple[Instance, asyncssh.SSHClientConnectionOptions]:
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(_key())
        file.flush()
        public = asyncssh.import_private_key(_key()).export_public_key().decode().strip()
        instance = Instance("i-1", 1, "127.0.0.1", port, "pcloud", public)
        return instance, machine_options(instance, file.name)


LOGINS = Target("logins", run, seeds=(b"", b"\1\1", b"\1\0\0\6"), bounds=Bounds(calls=400_000))
