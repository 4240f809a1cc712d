"""Who has stopped a server: our own stops are told from others by the ids of their requests, kept on the server itself.

Rules: what Nova records without a user is the hypervisor's word, and no stop. Before a stop is asked for its moment is put on the server,
and its request's id afterwards: who dies in between is known again by the moment.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from libcloud.common.exceptions import BaseHTTPError

from cpe.shell.infrastructures.failures import is_absent
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver

STOP = "pcloud-stop"
"""The metadata that holds the id of our last stop's request, or the moment in which it is asked for."""

AROUND = timedelta(seconds=60)
"""How far Nova's clock and ours, and the request's way, may set the moments of one stop apart."""

POWER = ("create", "start", "stop", "reboot", "rebuild", "resume", "suspend", "unshelve", "restore")
"""Actions after which a server runs or does not: the last of them counts."""


def stop(driver: OpenStackDriver, node: Any) -> None:
    """Ask for a stop that will be known as ours."""
    _remember(driver, node, datetime.now(UTC).isoformat(timespec="seconds"))
    request = driver.act(node, "os-stop")
    if request:
        _remember(driver, node, request)


def _remember(driver: OpenStackDriver, node: Any, what: str) -> None:
    """A server whose state allows no metadata (ERROR) is stopped all the same."""
    try:
        driver.compute(f"/servers/{node.id}/metadata", "POST", {"metadata": {STOP: what}})
    except BaseHTTPError as error:
        if error.code != requests.codes.conflict and not is_absent(error):
            raise


def stopped_by(driver: OpenStackDriver, node: Any) -> str:
    """The user of the last recorded stop; empty if that was ours, nobody's, or overtaken by a start."""
    last = next((each for each in driver.actions(node.id) if each["action"] in POWER), None)
    if last is None or last["action"] != "stop" or not last["user_id"]:
        return ""
    return "" if _ours(driver, node.extra["metadata"].get(STOP, ""), last) else str(last["user_id"])


def _ours(driver: OpenStackDriver, remembered: str, action: dict[str, Any]) -> bool:
    if action["user_id"] != driver.login.user:
        return False
    if remembered == action["request_id"]:
        return True
    try:
        asked = datetime.fromisoformat(remembered)
        began = datetime.fromisoformat(action["start_time"]).replace(tzinfo=UTC)
    except ValueError:
        return False
    return asked.tzinfo is not None and abs(began - asked) <= AROUND
