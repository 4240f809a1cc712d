"""Who has stopped an instance: EC2 says that a user did, and when; ours are told from others by a tag that is put on before.

Rules: what EC2 or the guest itself has switched off is nobody's stop; a start of ours takes the tag off, so that a stop of somebody else's
soon after is not taken for ours.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from libcloud.compute.base import Node
from libcloud.compute.types import NodeState

from cpe.shell.infrastructures.ec2.driver import ATTACH, EC2Driver

STOP = "pcloud-stop"
"""The tag that holds the moment in which our last stop was asked for."""

BY_A_USER = "Client.UserInitiatedShutdown"
"""EC2's code for a stop by its API, whoever called it; it does not say who."""

SOMEBODY = "a user of the account"

AROUND = timedelta(seconds=60)
"""How far EC2's clock and ours, and the request's way, may set the moments of one stop apart."""

_MOMENT = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")

GOING_OFF = {NodeState.STOPPED, NodeState.STOPPING, NodeState.TERMINATED}


def stop(driver: EC2Driver, node: Node, *, force: bool = False) -> None:
    """Ask for a stop that will be known as ours. What was to be attached to it no longer is."""
    if node.state not in GOING_OFF or (force and node.state == NodeState.STOPPING):
        unfinished: dict[str, str | None] = {ATTACH: None} if ATTACH in node.extra["tags"] else {}
        driver.put_tags(node.id, {STOP: datetime.now(UTC).isoformat(timespec="seconds"), **unfinished})
        driver.halt(node, force=force)


def start(driver: EC2Driver, node: Node) -> None:
    """Switch on what is off."""
    if node.state == NodeState.STOPPED:
        if STOP in node.extra["tags"]:
            driver.put_tags(node.id, {STOP: None})
        driver.start_node(node)


def stopped_by(node: Node) -> str:
    """Somebody, if the last stop was a user's and not ours."""
    if node.extra["state_code"] != BY_A_USER:
        return ""
    return "" if _ours(node.extra["tags"].get(STOP) or "", str(node.extra["reason"] or "")) else SOMEBODY


def _ours(remembered: str, reason: str) -> bool:
    try:
        asked = datetime.fromisoformat(remembered)
    except ValueError:
        return False
    found = _MOMENT.search(reason)
    if found is None or asked.tzinfo is None:
        return False
    return abs(datetime.fromisoformat(found[1]).replace(tzinfo=UTC) - asked) <= AROUND
