"""Every scenario of these tests is replayed as well, when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.policy.world import World
from tests.replay.traces import check_again, journal_of

REPLAYED = 1  # world of one test, the last one: tests that try every cut of a scenario make hundreds
LONGEST = 60  # events: longer ones ask the same question for hours, and time is dear


@pytest.fixture(autouse=True)
def every_scenario_is_replayed(request: pytest.FixtureRequest) -> Iterator[None]:
    """A journal replayed within one policy version gives identical decisions (policy.md section 9)."""
    worlds: list[World] = []
    failed = request.session.testsfailed
    make = World.__init__

    def remember(world: World, *arguments: Any, **more: Any) -> None:
        make(world, *arguments, **more)
        worlds.append(world)

    World.__init__ = remember  # type: ignore[method-assign]
    try:
        yield
    finally:
        World.__init__ = make  # type: ignore[method-assign]
    if request.session.testsfailed > failed:
        return  # it says enough, and its worlds may have stopped in the midst of a step
    for world in worlds[-REPLAYED:]:
        if 0 < len(world.trace) <= LONGEST:
            check_again(journal_of(world), world)
