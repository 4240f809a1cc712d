"""The embedded cloud on its bad days, as a deployable lives through them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.faults import told
from cpe.shell.infrastructures.local.processes import freeze, thaw
from pcloud.model.words import Choice
from tests.system.running import Daemon, until
from tests.system.specs import group, pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]

Faults = Mapping[str, Mapping[str, object]]

BAD_DAYS: Mapping[str, Faults] = {
    "creates and says nothing": {"create": {"then": "timeout", "times": 1}},
    "creates two and says nothing": {"create": {"twice": True, "then": "broken", "times": 1}},
    "creates, says nothing, and lists what was": {"create": {"then": "timeout", "times": 1}, "list": {"stale": 2}},
    "fails once": {"create": {"status": 500, "times": 1}},
    "is busy for a moment": {"*": {"status": 429, "retry_after": 0.5, "times": 2}},
    "is busy while asked": {"read": {"status": 503, "retry_after": 0.5, "times": 2}, "list": {"status": 503, "times": 1}},
    "is slow": {"*": {"delay": 0.3}},
}
AGAIN = "relaunch: {failures: 20, within: 1h, delay: 100ms, max_delay: 1s}"


def test_a_launch_on_a_bad_day_of_the_cloud_ends_with_one_machine(daemon: Daemon) -> None:
    daemon.bring_up(group(recovery=f"{AGAIN}, keep_failed: 0"))
    for what, faults in BAD_DAYS.items():
        before = daemon.assembly("group", "m1").instance
        assert before is not None
        told(daemon.cloud, faults)
        daemon.client.relaunch("group", "m1")
        generation = before.generation

        def relaunched(generation: int = generation) -> bool:
            instance = daemon.assembly("group", "m1").instance
            return instance is not None and instance.generation > generation and daemon.client.status("group").state == "healthy"

        until(relaunched, f"it is relaunched when the cloud {what}: {daemon.story()[-2000:]}")
        told(daemon.cloud, {})
        until(lambda: len(daemon.running_nodes()) == 1, f"one machine runs when the cloud {what}")
    daemon.client.stop("group")  # which also deletes what was only stopped: twins, and what a launch that failed has left
    daemon.until_state("group", "stopped")
    assert LocalNodeDriver(daemon.cloud).list_nodes() == []


def test_nothing_is_done_to_a_silent_machine_while_its_cloud_is_busy(daemon: Daemon) -> None:
    daemon.bring_up(pair())
    mark = daemon.newest()
    told(daemon.cloud, {"*": {"status": 503, "retry_after": 1}})
    node = daemon.node("pair", "back")
    freeze(node)
    try:
        daemon.until_event(lambda event: event.assembly == "back" and event.to == "held", "it is held", mark)
        assert daemon.decided(mark, Choice.ACT) == [], daemon.story(mark)
        told(daemon.cloud, {})
        daemon.until_event(lambda event: event.record is not None and str(event.record.action) == "reboot", "it is rebooted then", mark)
        daemon.until_state("pair", "healthy")
    finally:
        thaw(node)
