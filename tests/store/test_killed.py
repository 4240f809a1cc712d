"""A daemon that is killed has kept every promise."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from cpe.shell.store.sqlite import SqliteStore

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("acknowledged", [1, 40, 200])
async def test_everything_acknowledged_survives_a_kill_in_the_midst_of_writes(tmp_path: Path, acknowledged: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.store.endless_writer", str(tmp_path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        lines = [await process.stdout.readline() for _ in range(acknowledged)]
    finally:
        process.kill()
        lines += (await process.stdout.read()).splitlines()
        await process.wait()
    promised = dict(line.decode().split() for line in lines if len(line.split()) == 2)
    assert promised
    async with SqliteStore(tmp_path) as store:
        for name, serial in promised.items():
            stored = await store.load_state(name)
            assert stored is not None
            assert stored.state.serial >= int(serial)
            events = await store.events(limit=10**6, target=name)
            assert [int(event.reason) for event in events] == list(range(1, stored.state.serial + 1))
