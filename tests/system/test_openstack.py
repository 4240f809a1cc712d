"""A whole daemon on a real OpenStack. Its servers are only pretended, and none ever answers: what is seen is what becomes of that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcloud.records.operating import PauseRequest, ResumeRequest
from tests.cli.conftest import Pcloud
from tests.infrastructures.openstack_cloud import OPENSTACK, driver
from tests.infrastructures.openstack_host import host_down
from tests.infrastructures.waiting import SLOW
from tests.system.on_openstack import at_the_lab, holders, ports, servers
from tests.system.running import Daemon, until

pytestmark = OPENSTACK

SHOP = """
deployable: shop
infrastructure: lab
defaults:
  monitor: {interval: 200ms, timeout: 1s, silence: 2s}
recovery:
  relaunch: {failures: 9, within: 2h, delay: 1s, max_delay: 1s, verify: VERIFY}
assemblies:
  db:
    image: blank
    size: lab.tiny
    volumes: {data: {size: 1GiB, mount: /data}}
    resources:
      sleeper: {agent: 'process:sleep 100000'}
"""


@pytest.fixture
def lab(daemon: Daemon, tmp_path: Path) -> Iterator[Daemon]:
    with at_the_lab(daemon, tmp_path) as there:
        yield there


def launched(daemon: Daemon) -> str:
    """The address of the assembly's instance, once it has one."""
    instance = daemon.assembly("shop", "db").instance
    return instance.address if instance is not None else ""


def test_what_never_answers_is_fenced_and_replaced_and_its_volume_and_address_move(lab: Daemon, pcloud: Pcloud) -> None:
    lab.create(SHOP.replace("VERIFY", "20s"))
    lab.client.start("shop")
    address = until(lambda: launched(lab), "the first is launched", SLOW)
    until(lambda: holders() == ["shop-db-2"], "the second has the volume", SLOW)
    lab.client.pause("shop", PauseRequest(owner="ann", seconds=3600))
    assert servers()["shop-db-1"] == "stopped"
    assert until(lambda: launched(lab), "the second is launched", SLOW) == address
    lab.client.resume("shop", ResumeRequest(owner="ann"))

    assert pcloud("deployable", "stop", "shop").code == 0
    lab.until_state("shop", "stopped", patience=SLOW)
    assert servers() == {}
    assert pcloud("infrastructure", "audit", "lab").code == 0
    ((network, mark),) = [(each["network_id"], each["description"]) for each in ports()]
    assert pcloud("deployable", "delete", "shop", "--volumes", "--yes").code == 0
    assert ports() == []
    driver("demo").network("/ports", "POST", {"port": {"network_id": network, "description": mark}})
    assert pcloud("infrastructure", "audit", "lab").code == 1
    assert "deleted" in pcloud("infrastructure", "audit", "lab", "--clean", "--yes").out
    until(lambda: not driver("demo").list_volumes(), "no volume is left", SLOW)
    audit = json.loads(pcloud("infrastructure", "audit", "lab", "--json").out)
    assert (audit["clean"], audit["instances"], audit["volumes"], audit["ports"]) == (True, 0, 0, 0)


def test_there_are_never_two_writers_although_the_cloud_calls_the_first_one_gone_and_its_volume_free(lab: Daemon, pcloud: Pcloud) -> None:
    lab.create(SHOP.replace("VERIFY", "20s"))
    lab.client.start("shop")
    until(lambda: launched(lab), "it is launched", SLOW)
    lab.client.pause("shop", PauseRequest(owner="ann", seconds=3600))
    with host_down():
        (node,) = [each for each in driver("demo").list_nodes() if each.state == "running"]
        driver("admin").destroy_node(driver("admin").ex_get_node(node.id))
        until(lambda: not holders(), "its volume is free, says the cloud", SLOW)
        lab.client.resume("shop", ResumeRequest(owner="ann"))
        blocked = lab.until_event(lambda event: event.assembly == "db" and event.to == "blocked", "it is blocked", patience=SLOW)
        assert "is gone without our doing, and nothing is recorded of its end: its host may not have heard of it" in blocked.reason
        assert (holders(), [name for name, state in servers().items() if state == "running"]) == ([], [])
    words = ("assembly", "confirm-dead", "shop/db", "--yes", "--reason", "its host is up again, and has ended it")
    assert pcloud(*words).code == 0
    until(lambda: len(holders()) == 1, "its successor has the volume", SLOW)


def test_a_trial_launches_a_server_and_leaves_nothing(lab: Daemon, pcloud: Pcloud) -> None:
    ended = pcloud("infrastructure", "test", "lab", "--launch", "--image", "blank", "--size", "lab.tiny", "--json")
    steps = {each["what"]: each["found"] for each in json.loads(ended.out)["steps"]}
    assert set(steps.values()) == {"passed"}
    assert set(steps) >= {
        "machines",
        "images",
        "sizes",
        "volumes",
        "account",
        "networks",
        "launch",
        "reboot",
        "stop",
        "start",
        "volume",
        "destroy",
    }
    assert servers() == {}
    assert ports() == []
