"""The one host of the lab's servers, which may fail to answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from openstack_lab.settings import COMPUTE_HOST
from tests.infrastructures.openstack_cloud import driver
from tests.infrastructures.waiting import SLOW
from tests.infrastructures.waiting import until as seen
from tests.openstack_lab.keeping import lab


def compute() -> dict[str, str]:
    """What Nova knows of the service on the servers' host."""
    services = driver("admin").compute("/os-services")["services"]
    return next(each for each in services if each["binary"] == "nova-compute")


def force_down(forced: bool) -> None:
    words = {"binary": "nova-compute", "host": COMPUTE_HOST, "forced_down": forced}
    driver("admin").compute("/os-services/force-down", "PUT", words, version="2.11")


@contextmanager
def host_down() -> Iterator[None]:
    """The servers' host does not answer, and Nova has noticed: told, instead of after the minute that it takes by itself."""
    assert lab("stop", "nova-compute").returncode == 0
    force_down(True)
    last = compute()["updated_at"]
    try:
        seen(lambda: compute()["state"] == "down", "nova-compute is down", SLOW)
        yield
    finally:
        lab("start", "nova-compute")
        seen(lambda: compute()["updated_at"] != last, "nova-compute reports again, and so takes servers", SLOW)
        force_down(False)
        seen(lambda: compute()["state"] == "up", "nova-compute is up again", SLOW)
