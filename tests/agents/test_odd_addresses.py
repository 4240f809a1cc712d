"""Addresses that can be none, as an odd cloud may tell them: nobody is asked for such names, and no task ends of them."""

from __future__ import annotations

import pytest

from agents.answers import reach
from agents.outside import OutsideChecks
from agents.pages import Pages
from agents.ssh.dial import dial
from agents.ssh.faults import UnclearError
from pcloud.model.plan import Check, TcpCheck
from pcloud.model.words import Origin, Reach, Verdict

pytestmark = pytest.mark.real

ODD = ["a..b", f"{'a' * 70}.example", "x\0y", "ä" * 70]


@pytest.mark.parametrize("address", ODD)
async def test_an_address_that_can_be_none_is_unclear(address: str) -> None:
    with pytest.raises(UnclearError, match="cannot be resolved"):
        await dial(address, 22, 5)
    assert await reach(address, 22, 5) is Reach.SILENT


@pytest.mark.parametrize("address", ODD)
async def test_a_check_there_is_unknown(address: str) -> None:
    pages = Pages()
    checks = OutsideChecks(address, pages, lambda _: None)
    verdict, reason = await checks._once(Check("c", TcpCheck(22), origin=Origin.CONTROLLER))
    await pages.aclose()
    assert (verdict, "cannot be resolved" in reason) == (Verdict.UNKNOWN, True)
