"""Every target over what hypothesis makes of its seeds, and over every input that once did harm; ``make fuzz`` goes on for longer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.bounds import Bounds, within
from tests.fuzz.inputs import inputs
from tests.fuzz.loops import close_loop
from tests.fuzz.target import CASES, Target
from tests.fuzz.targets import TARGETS

pytestmark = pytest.mark.real

HYPOTHESIS = [pytest.param(each, id=each.name) for each in TARGETS.values() if not each.guided]
HARMFUL = [pytest.param(target, case, id=f"{target.name}-{case.name}") for target in TARGETS.values() for case in target.cases()]


@pytest.fixture(autouse=True, scope="module")
def loop_closed() -> Iterator[None]:
    yield
    close_loop()


@cache
def warmed(target: Target) -> Target:
    """What is made once and kept is not counted."""
    target.run(b"")
    return target


@pytest.mark.parametrize("target", HYPOTHESIS)
@given(data=st.data())
def test_nothing_but_what_may_come_comes_of_any_input(target: Target, data: st.DataObject) -> None:
    given_bytes = data.draw(inputs(target))
    with within(warmed(target).bounds, len(given_bytes)):
        target.run(given_bytes)


@pytest.mark.parametrize(("target", "case"), HARMFUL)
def test_what_once_did_harm_does_none(target: Target, case: Path) -> None:
    found = case.read_bytes()
    with within(warmed(target).bounds, len(found)):
        target.run(found)


def test_every_case_is_one_of_a_target() -> None:
    assert {place.name for place in CASES.iterdir() if place.is_dir()} <= TARGETS.keys()


def test_work_without_end_is_seen() -> None:
    def for_ever() -> None:
        while True:
            len("")

    with pytest.raises(AssertionError, match="calls for 3 bytes"), within(Bounds(calls=1000, calls_each=10), 3):
        for_ever()


def test_memory_without_end_is_seen() -> None:
    with pytest.raises(AssertionError, match="of memory for 0 bytes"), within(Bounds(memory=1 << 20), 0):
        bytes(2 << 20)
