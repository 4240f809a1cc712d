"""A slow way to the machines: takes connections that the firewall has turned its way, and passes everything on half a second later.

Rules: where a connection was meant to go is asked of the kernel; bytes keep their order; one side that ends ends the other. What
is under way is bounded: a sender that is faster waits.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextlib import suppress

LATENCY = 0.5
SO_ORIGINAL_DST = 80  # linux/netfilter_ipv4.h
CHUNK = 16384
UNDER_WAY = 256  # chunks for one direction


def listener() -> socket.socket:
    """Where it listens: on every address, for the firewall chooses one."""
    made = socket.create_server(("127.0.0.1", 0), backlog=256)
    made.set_inheritable(True)
    return made


async def serve(listener: socket.socket) -> None:
    under_way: set[asyncio.Task[None]] = set()  # the loop itself only remembers them weakly

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(pass_on(reader, writer))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async with await asyncio.start_server(begin, sock=listener) as server:
        await server.serve_forever()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, until either side ends it."""
    sock = writer.get_extra_info("socket")
    port, raw = struct.unpack("!2xH4s8x", sock.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16))
    with suppress(OSError):
        await asyncio.sleep(LATENCY)
        there, back = await asyncio.open_connection(socket.inet_ntoa(raw), port)
        ways = [asyncio.create_task(one_way(reader, back)), asyncio.create_task(one_way(there, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        back.close()
    writer.close()


async def one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Everything, each piece ``LATENCY`` after it came."""
    clock = asyncio.get_running_loop().time
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(UNDER_WAY)

    async def take() -> None:
        piece = b"-"
        while piece:
            piece = await reader.read(CHUNK)
            await pieces.put((clock() + LATENCY, piece))

    taking = asyncio.create_task(take())
    try:
        while True:
            at, piece = await pieces.get()
            await asyncio.sleep(max(0.0, at - clock()))
            if not piece:
                return
            writer.write(piece)
            await writer.drain()
    except OSError:
        return
    finally:
        taking.cancel()


if __name__ == "__main__":
    asyncio.run(serve(socket.socket(fileno=int(sys.argv[1]))))
