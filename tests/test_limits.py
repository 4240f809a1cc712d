"""Time limits that a stall of our own does not deceive."""

from __future__ import annotations

import asyncio

import pytest

from pcloud.limits import AGAIN, LATE, time_limit
from tests.virtual_time import VirtualTimeLoop


def stand_still(seconds: float) -> None:
    """What a process sees that was stopped: suddenly it is later."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop.jumping.now += seconds


async def test_a_limit_ends_what_takes_longer() -> None:
    with pytest.raises(TimeoutError):
        async with time_limit(5):
            await asyncio.sleep(6)
    assert asyncio.get_running_loop().time() == pytest.approx(5)


async def test_what_is_done_in_time_is_not_disturbed_later() -> None:
    async with time_limit(5):
        await asyncio.sleep(4)
    await asyncio.sleep(10)


async def test_an_alarm_that_rings_far_too_late_is_wound_again() -> None:
    answer = asyncio.get_running_loop().create_future()
    async with time_limit(5):
        asyncio.get_running_loop().call_later(4, stand_still, 60)
        asyncio.get_running_loop().call_later(66, answer.set_result, "it waited in our socket")
        assert await answer == "it waited in our socket"


async def test_a_little_lateness_is_no_excuse() -> None:
    asyncio.get_running_loop().call_later(5 - LATE, stand_still, 2 * LATE - 0.1)
    with pytest.raises(TimeoutError):
        async with time_limit(5):
            await asyncio.sleep(100)
    assert asyncio.get_running_loop().time() < 6


async def test_even_somebody_who_stalls_all_the_time_comes_to_an_end() -> None:
    async def stall_for_ever() -> None:
        while True:
            await asyncio.sleep(4)
            stand_still(10)

    stalling = asyncio.create_task(stall_for_ever())
    with pytest.raises(TimeoutError):
        async with time_limit(5):
            await asyncio.sleep(1e6)
    assert asyncio.get_running_loop().time() < 20 * (AGAIN + 1)
    stalling.cancel()
