"""The deployable's own clock."""

from __future__ import annotations

import asyncio

import pytest

from dpe.shell.clock import REMEMBERED, Clock
from pcloud.model.ports import Stored
from pcloud.model.state import DeployableState


async def test_a_new_deployables_clock_starts_at_zero_and_follows_the_loop() -> None:
    await asyncio.sleep(5)
    clock = Clock(None, lambda: 1000.0)
    assert clock.now() == 0.0
    await asyncio.sleep(7)
    assert clock.now() == pytest.approx(7.0)
    assert clock.at(asyncio.get_running_loop().time()) == pytest.approx(7.0)


@pytest.mark.parametrize(("wall", "expected"), [(1100.0, 150.0), (1000.0, 50.0), (900.0, 50.0)], ids=["later", "at once", "clock set back"])
async def test_after_a_restart_it_goes_on_with_the_age_that_the_wall_clock_tells_and_never_backwards(wall: float, expected: float) -> None:
    clock = Clock(Stored(DeployableState("x"), at=50.0, wall=1000.0), lambda: wall)
    assert clock.now() == pytest.approx(expected)


async def test_only_the_last_sleeps_of_the_host_are_remembered() -> None:
    clock = Clock(None, lambda: 0.0)
    moments = []
    for _ in range(2 * REMEMBERED):
        await asyncio.sleep(1)
        moments.append((asyncio.get_running_loop().time(), clock.now()))
        clock.skip(moments[-1][0], 10.0)
    for loop, own in moments[REMEMBERED:]:
        assert clock.at(loop) == pytest.approx(own)
    assert clock.at(moments[0][0]) == pytest.approx(moments[0][0] + 10.0 * REMEMBERED), "the oldest that is known counts"


async def test_its_moments_become_wall_time_by_their_age() -> None:
    clock = Clock(None, lambda: 1000.0)
    await asyncio.sleep(10)
    assert clock.wall_at(4.0) == pytest.approx(994.0)
