"""Machines for the agents' tests; each is seen to be gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.machine import SSHD, Machine, wait_for_none


@pytest.fixture
def stopped_machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine whose sshd is not started yet."""
    if not Path(SSHD).exists():
        pytest.skip("no OpenSSH server here: install openssh-server")
    machine = Machine(tmp_path)
    try:
        yield machine
        wait_for_none(machine)
    finally:
        machine.clean()


@pytest.fixture
def machine(stopped_machine: Machine) -> Machine:
    stopped_machine.start()
    return stopped_machine
