"""The overview, of the stand-in and of a real daemon with a real machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pcloud.client import Client
from pcloud.errors import PcloudError
from pcloud.records.requests import SpecUpload
from tests.api.specs import BLOG, upload
from tests.system.running import Daemon, until

pytestmark = pytest.mark.real

SLEEPER = """\
deployable: sleeper
infrastructure: local
assemblies:
  one:
    image: host
    resources:
      nap: {agent: "process:sleep 100000", monitor: {interval: 2s}, checks: [{command: "true", interval: 4s}]}
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon(tmp_path)
    try:
        one.start()
        yield one
    finally:
        one.clear()


def test_what_is_registered_is_counted_and_nothing_of_it_is_in_trouble(contracted: Client) -> None:
    assert contracted.overview().deployables == {}
    contracted.create(upload(BLOG))
    seen = contracted.overview()
    assert (seen.deployables, seen.assemblies) == ({"stopped": 1}, {"stopped": 2})
    assert (seen.machines, seen.contact, seen.unwell, seen.troubled) == (0, 0, 0, [])
    assert seen.since <= seen.at
    assert (seen.pid, seen.guards, seen.doubted, seen.trouble) == (contracted.daemon().pid, [], False, "")


def test_so_many_of_the_troubled_are_named_and_all_are_counted(contracted: Client) -> None:
    for name in ("blog", "shop"):
        contracted.create(upload(BLOG.replace("deployable: blog", f"deployable: {name}")))
        contracted.start(name)
    seen = contracted.overview(worst=1)
    assert (seen.unwell, [each.name for each in seen.troubled]) == (2, ["blog"])
    assert contracted.overview(worst=0).troubled == []
    with pytest.raises(PcloudError, match="worst"):
        contracted.overview(worst=101)


def test_machines_contact_checks_and_calls_of_a_real_daemon_are_counted(daemon: Daemon) -> None:
    assert daemon.client.overview().checks_per_second == 0
    daemon.client.create(SpecUpload(source=SLEEPER, path="sleeper.yaml"))
    daemon.client.start("sleeper")
    until(lambda: daemon.client.overview().deployables == {"healthy": 1}, "it is healthy")
    seen = daemon.client.overview()
    assert (seen.assemblies, seen.resources, seen.machines, seen.contact) == ({"healthy": 1}, {"healthy": 1}, 1, 1)
    assert seen.checks_per_second == 0.75
    assert [each.name for each in seen.infrastructures] == ["local"]
    assert seen.loop.lag < 60
    daemon.client.stop("sleeper")
    until(lambda: daemon.client.overview().deployables == {"stopped": 1}, "it is stopped")
    assert daemon.client.overview().machines == 0
