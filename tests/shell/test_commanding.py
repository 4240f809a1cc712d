"""Commands on the controller: bounded in time and output, ended whole, and with secrets as environment only."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dpe.shell.commanding import OUTPUT, run_here
from tests.agents.processes import marked, state_of, until

pytestmark = pytest.mark.real

SOON = 20.0


async def test_its_end_and_what_it_printed_on_both_streams_come_back() -> None:
    outcome = await run_here("echo out; echo err >&2; exit 3", {}, SOON)
    assert (outcome.status, outcome.reason, outcome.output) == (3, "ended with 3", "out\nerr")
    assert (await run_here("cat", {}, SOON)).ok, "nothing is there to read"


async def test_variables_come_as_environment() -> None:
    outcome = await run_here('tr "\\0" " " </proc/$$/cmdline; echo; echo $IPMI_PASSWORD | rev', {"IPMI_PASSWORD": "a b"}, SOON)
    assert outcome.output.splitlines()[-1] == "b a"
    assert "a b" not in outcome.output


async def test_one_that_hangs_is_ended_with_all_its_children(tmp_path: Path) -> None:
    outcome = await run_here("echo begun; sleep 86391 & sleep 86391", {"MARK": str(tmp_path)}, 0.5)
    assert (outcome.status, outcome.reason, outcome.output) == (None, "not done after 0.5s", "begun")
    await until(lambda: not marked(str(tmp_path)))


async def test_what_it_leaves_running_holds_nobody_up() -> None:
    began = asyncio.get_running_loop().time()
    outcome = await run_here("sleep 86392 & echo $!", {}, SOON)
    assert outcome.ok
    assert asyncio.get_running_loop().time() - began < SOON / 2
    await until(lambda: state_of(int(outcome.output)) in "ZX")


async def test_of_a_flood_the_end_is_kept() -> None:
    outcome = await run_here("head -c 20000000 /dev/zero | tr '\\0' x; echo; echo done", {}, SOON)
    assert outcome.output.endswith("x\ndone")
    assert len(outcome.output) <= OUTPUT


async def test_one_that_a_signal_ends_says_so() -> None:
    assert (await run_here("kill -SEGV $$", {}, SOON)).reason == "was ended by SIGSEGV"
