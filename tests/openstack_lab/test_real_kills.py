"""``up`` killed where it hurts: whatever it had begun, ``down`` leaves no trace of it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from openstack_lab.settings import API_LINK, HOME
from tests.openstack_lab.keeping import KEEPER, PROGRAM, furnish, gone_without_a_trace, lab
from tests.openstack_lab.test_real_lab import PATIENCE
from tests.openstack_lab.traces import Traces, traces

pytestmark = [pytest.mark.openstack, pytest.mark.real, pytest.mark.timeout(1800)]


@pytest.fixture
def before() -> Traces:
    KEEPER.down()
    assert not (HOME / "lab.json").exists(), "a lab is up on this machine: make openstack-lab-down"
    furnish("fake")
    return traces()


def begun_until(sign: str) -> None:
    """Kills ``up`` as soon as there is a file of this name below the lab's directory, or an interface."""
    up = subprocess.Popen([PROGRAM, "up", "fake"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + PATIENCE
    places = (HOME / sign, Path("/sys/class/net") / sign)
    try:
        while not any(place.exists() for place in places):
            assert up.poll() is None, "up ended by itself"
            assert time.monotonic() < deadline, f"{sign} did not come"
    finally:
        os.kill(up.pid, signal.SIGKILL)
        up.wait()


@pytest.mark.parametrize("sign", ["lab.json", "memory", API_LINK, "run/rabbitmq.json", "run/nova-api.json"])
def test_after_a_kill_down_finds_everything(before: Traces, sign: str) -> None:
    try:
        begun_until(sign)
        refused = lab("up", "fake")
        assert refused.returncode == 1
        assert "make openstack-lab-down" in refused.stderr
    finally:
        gone_without_a_trace(before)


def test_down_ends_an_up_that_is_still_at_work(before: Traces) -> None:
    up = subprocess.Popen([PROGRAM, "up", "fake"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while not (HOME / "run" / "mariadb.json").exists():
            assert time.monotonic() < deadline
    finally:
        gone_without_a_trace(before)
        up.kill()
    assert up.wait() == -signal.SIGKILL
