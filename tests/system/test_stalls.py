"""A daemon that stood still: nothing is done for the time in which it did not look."""

from __future__ import annotations

import signal
import time

import pytest

from cpe.shell.infrastructures.local.processes import freeze, thaw
from tests.system.running import Daemon, until
from tests.system.specs import pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

OUTSIDE = "      seen: {checks: [{tcp: 7000, from: controller, interval: 200ms, timeout: 500ms, fall: 1}]}"
LONG = 6.0  # seconds: three times the silence of these specs, six probe timeouts
UNTOUCHED = 4.0  # seconds in which a wrong recovery would have begun: twice the silence


@pytest.mark.parametrize("frozen", [False, True], ids=["machines go on", "a machine stands still as well"])
def test_no_recovery_follows_a_stall_of_the_controller(daemon: Daemon, frozen: bool) -> None:
    daemon.bring_up(pair(extra_back=OUTSIDE))
    service = daemon.pid("pair", "back", "service")
    node = daemon.root("pair", "back").parent
    mark = daemon.newest()
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGSTOP)
    if frozen:
        freeze(node)
    time.sleep(LONG)
    if frozen:
        thaw(node)
    daemon.process.send_signal(signal.SIGCONT)
    until(lambda: "stalled" in daemon.log_end(), "the daemon has noticed it")
    time.sleep(UNTOUCHED)
    daemon.until_state("pair", "healthy")
    assert not [event for event in daemon.events(mark) if event.record is not None], daemon.story(mark)
    assert daemon.pid("pair", "back", "service") == service
