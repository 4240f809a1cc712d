"""A launch that an earlier controller may have asked for (policy.md section 6)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.shell.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_controller_that_went_on_waits_for_what_its_predecessor_may_have_asked_for(house: House) -> None:
    late = house.put(1, seen_in=8.0)
    assert (await house.launch(1, resumed=True)).id == late.id
    assert "create shop-db-1" not in house.cloud.asked


async def test_a_controller_that_went_on_creates_what_does_not_turn_up(house: House) -> None:
    await house.launch(1, resumed=True)
    assert house.cloud.asked.count("create shop-db-1") == 1
    assert now() >= house.cloud.lateness
