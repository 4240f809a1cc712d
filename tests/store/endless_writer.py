"""A process that records until it is killed, and prints the name and serial of every state as soon as it is acknowledged."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from cpe.shell.store.sqlite import SqliteStore
from pcloud.model.actions import Report
from tests.store.states import state


async def write_on(store: SqliteStore, name: str) -> None:
    serial = 0
    while True:
        serial += 1
        await store.record(state(name, serial), at=0.0, wall=0.0, reports=[Report("x", reason=str(serial))])
        os.write(1, f"{name} {serial}\n".encode())


async def main(directory: Path) -> None:
    async with SqliteStore(directory) as store, asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(write_on(store, f"d{number}"), name=f"writer {number}")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
