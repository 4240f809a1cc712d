"""An infrastructure at the lab's OpenStack, of which nothing is left there, whatever happened in the test."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from libcloud.common.exceptions import BaseHTTPError

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.openstack.account import Entry
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from cpe.shell.infrastructures.openstack.identity import Identity
from cpe.shell.infrastructures.settings import InfrastructureSettings
from tests.infrastructures.waiting import SLOW, until
from tests.openstack_lab.keeping import KEEPER

QUIET = pytest.mark.filterwarnings("ignore:.*")  # libcloud warns of much
OPENSTACK = [pytest.mark.openstack, pytest.mark.real, pytest.mark.timeout(1800), QUIET]
"""The first of them may have to bring the lab up."""
OPENSTACK_FULL = [pytest.mark.openstack_full, pytest.mark.real, pytest.mark.timeout(3600), QUIET]
"""The same with guests that boot."""

IMAGE, SIZE = "blank", "lab.tiny"
VARIABLE = "OS_CLIENT_CONFIG_FILE"


def entry(cloud: str) -> dict[str, Any]:
    """What the lab's clouds.yaml says of one cloud."""
    words: dict[str, Any] = yaml.safe_load(KEEPER.ensure().read_text())["clouds"][cloud]
    return words


def driver(cloud: str) -> OpenStackDriver:
    """The same cloud, as somebody else sees it."""
    account = Entry(cloud, entry(cloud)).account()
    return OpenStackDriver(Identity(lambda: account))


def written(directory: Path, entries: Mapping[str, object]) -> Path:
    """A clouds.yaml of a test's own."""
    file = directory / "clouds.yaml"
    file.write_text(yaml.safe_dump({"clouds": dict(entries)}))
    return file


@contextmanager
def openstack_cloud(directory: Path, words: Mapping[str, object] | None = None, cloud: str = "demo", **args: object) -> Iterator[Any]:
    """One with the lab's account ``cloud``, and with what ``words`` change in its entry."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(written(directory, {"lab": {**entry(cloud), **(words or {})}}))
    try:
        settings = InfrastructureSettings(driver="openstack", cloud="lab", args=args)
        infrastructure = build("lab", settings, controller="here", state_directory=directory)
        assert isinstance(infrastructure, LibcloudInfrastructure)
        try:
            yield infrastructure
        finally:
            infrastructure.close()
            clear(driver(cloud))
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before


def clear(cloud: OpenStackDriver) -> None:
    """Delete what tests have made, and see that nothing is left."""
    for node in cloud.list_nodes():
        _unless_gone(lambda node=node: cloud.destroy_node(node))
    until(lambda: not cloud.list_nodes(), "no server is left", SLOW)
    with suppress(BaseHTTPError):  # a cloud without routers has none
        for address in cloud.network("/floatingips")["floatingips"]:
            cloud.network(f"/floatingips/{address['id']}", "DELETE")
    for port in cloud.network("/ports", params={"project_id": cloud.login.project})["ports"]:
        _unless_gone(lambda port=port: cloud.network(f"/ports/{port['id']}", "DELETE"))
    for volume in cloud.list_volumes():  # a host that dies in the middle leaves what Cinder calls "attaching" for ever
        if volume.state not in {"available", "error", "deleting"}:
            words = {"os-reset_status": {"status": "available", "attach_status": "detached"}}
            driver("admin").volume(f"/volumes/{volume.id}/action", "POST", words)
    for volume in cloud.list_volumes():
        _unless_gone(lambda volume=volume: cloud.destroy_volume(volume))
    until(lambda: not cloud.list_volumes(), "no volume is left", SLOW)
    for group in cloud.compute("/os-server-groups")["server_groups"]:
        _unless_gone(lambda group=group: cloud.compute(f"/os-server-groups/{group['id']}", "DELETE"))


def _unless_gone(call: Any) -> None:
    try:
        call()
    except BaseHTTPError as error:
        if error.code not in {400, 404, 409}:
            raise
