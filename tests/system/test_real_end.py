"""What all tests on the OpenStack lab have left there together: nothing; and the lab leaves nothing either."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from openstack_lab.content import BLANK_IMAGE, FLAVORS, NETWORK
from tests.cli.conftest import Pcloud
from tests.infrastructures.openstack_cloud import OPENSTACK, driver
from tests.openstack_lab.keeping import KEEPER
from tests.system.running import Daemon

pytestmark = OPENSTACK

ACCOUNTS = ("admin", "demo", "small")


@pytest.fixture(scope="module", autouse=True)
def _end() -> Iterator[None]:
    yield
    KEEPER.down()  # which looks for what it leaves on this machine


def test_an_audit_of_every_account_is_clean(daemon: Daemon, pcloud: Pcloud) -> None:
    daemon.end()
    daemon.environment["OS_CLIENT_CONFIG_FILE"] = str(KEEPER.ensure())
    daemon.config.write_text("".join(f'[infrastructures.{each}]\ndriver = "openstack"\ncloud = "{each}"\n' for each in ACCOUNTS))
    daemon.start()
    for account in ACCOUNTS:
        ended = pcloud("infrastructure", "audit", account, "--json")
        audit = json.loads(ended.out)
        assert (ended.code, audit["clean"], audit["instances"], audit["volumes"], audit["ports"]) == (0, True, 0, 0, 0)


def test_nothing_is_left_in_the_cloud_that_was_not_there_at_its_beginning() -> None:
    for account in ACCOUNTS:
        cloud = driver(account)
        ports = cloud.network("/ports", params={"project_id": cloud.login.project})["ports"]
        groups = cloud.network("/security-groups", params={"project_id": cloud.login.project})["security_groups"]
        others = (cloud.list_nodes(), cloud.list_volumes(), ports, cloud.compute("/os-server-groups")["server_groups"])
        assert (account, *others) == (account, [], [], [], [])
        assert {each["name"] for each in groups} <= {"default"}
        assert cloud.compute("/os-keypairs")["keypairs"] == []
    admin = driver("admin")
    assert {each.name for each in admin.list_sizes()} == set(FLAVORS)
    assert [each["name"] for each in admin.network("/networks")["networks"]] == [NETWORK]
    assert [each.name for each in admin.list_images()] == [BLANK_IMAGE]
