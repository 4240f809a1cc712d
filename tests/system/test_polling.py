"""What a cloud's lists show while nothing happens: a machine that somebody starts behind pcloud's back, and somebody else's later one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.processes import members
from cpe.shell.infrastructures.tags import instance_metadata
from pcloud.model.instance import Tags
from tests.system.running import Daemon, until
from tests.system.scraping import samples, scraped
from tests.system.specs import group, pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]


@pytest.fixture
def polling(daemon: Daemon) -> Daemon:
    """The daemon, which lists its cloud twice a second."""
    daemon.end()
    daemon.config.write_text("[infrastructures.local]\npoll = 0.5\n")
    daemon.start()
    return daemon


LISTING = "pcloud_infrastructure_calls_total{call=listing,infrastructure=local,outcome=ok}"


def calls(daemon: Daemon) -> dict[str, float]:
    """The calls to the clouds, by the labels of their metric."""
    return {name: value for name, value in samples(scraped(daemon)).items() if name.startswith("pcloud_infrastructure_calls_total")}


def test_a_replaced_machine_that_somebody_starts_is_off_again_within_seconds(polling: Daemon) -> None:
    polling.bring_up(pair())
    old: Path = polling.node("pair", "back")
    polling.client.relaunch("pair", "back")
    until(lambda: (found := polling.assembly("pair", "back").instance) and found.generation == 2, "it has another machine")
    polling.until_state("pair", "healthy")
    mark, driver = polling.newest(), LocalNodeDriver(polling.cloud, "ada")
    driver.start_node(driver.ex_get_node(old.name))
    new = polling.assembly("pair", "back").instance
    assert new is not None
    told = polling.until_event(lambda event: event.alert, "it is told", mark)
    assert told.reason == f"{old.name} of generation 1 runs beside {new.id} of generation 2: stopping it"
    until(lambda: driver.ex_get_node(old.name).state == "stopped", "it is off")
    assert (members(old), polling.until_state("pair", "healthy").state) == ([], "healthy")
    before = calls(polling)
    until(lambda: calls(polling)[LISTING] >= before[LISTING] + 4, "it is listed four times more")
    after = calls(polling)
    assert [name for name in after if after[name] != before.get(name)] == [LISTING], "in a steady state nothing else is asked"
    assert 0.0 <= samples(scraped(polling))["pcloud_infrastructure_list_age_seconds{infrastructure=local}"] < 30.0
    assert [event.reason for event in polling.events(mark) if event.alert] == [told.reason] * 2  # the event, and its alert


def test_somebody_elses_later_machine_freezes_the_deployable_and_nothing_is_touched(polling: Daemon) -> None:
    polling.bring_up(group(count=2))
    mine, mark = polling.node("group", "m1"), polling.newest()
    driver = LocalNodeDriver(polling.cloud, "ada")
    later = Tags(polling.client.daemon().controller, "group", "m1", 9)
    made = driver.create_node("m1", driver.list_sizes()[0], driver.list_images()[0], ex_metadata=instance_metadata(later))
    polling.until_event(lambda event: event.alert and f"{made.id} of m1 is of generation 9" in event.reason, "it is told", mark)
    assert polling.until_state("group", "held").state == "held"
    assert members(mine)
    assert members(polling.cloud / "nodes" / made.id)
