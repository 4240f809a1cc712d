"""Whether a server that is gone has been ended by its host, by what Nova keeps of servers that are gone.

Rules: that Nova knows a server no more proves nothing: while the service on its host is down it deletes the record alone, frees the
volumes, and the guest lives on. An end that the host has reported stands in the record of the deletion, which an ordinary member can read.
"""

from __future__ import annotations

from typing import Any

import requests
from libcloud.common.exceptions import BaseHTTPError

from cpe.shell.infrastructures.failures import is_absent
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver

RECORDS = "2.21"
"""Nova's microversion with records of servers that are gone (Mitaka, 2016)."""

EVENTS = "2.51"
"""That which shows their events to an ordinary member (Pike, 2017)."""

DELETIONS = {"delete", "forceDelete", "softDelete"}
ENDS = {"compute_terminate_instance", "compute_soft_delete_instance"}
"""What a host reports when it has ended a guest."""

NOT_KNOWN = {requests.codes.not_acceptable, requests.codes.forbidden}
"""What a Nova answers that is older than a microversion, or does not let us ask: then nothing speaks for a doubt."""


def doubt(driver: OpenStackDriver, server: str) -> str:
    """Why a server that is gone may run all the same; "" where its host has reported its end, or where nobody can tell."""
    try:
        deletion = next((each for each in driver.actions(server, version=RECORDS) if each["action"] in DELETIONS), None)
        if deletion is None:
            return "nothing is recorded of its end: its host may not have heard of it"
        events = _events(driver, server, deletion["request_id"])
    except BaseHTTPError as error:
        if is_absent(error):
            return "the cloud has no record of it"
        if error.code in NOT_KNOWN:
            return ""
        raise
    if events is None or any(each["event"] in ENDS and each["result"] == "Success" for each in events):
        return ""
    return "its host has not reported its end"


def _events(driver: OpenStackDriver, server: str, request: str) -> list[dict[str, Any]] | None:
    path = f"/servers/{server}/os-instance-actions/{request}"
    found: list[dict[str, Any]] | None = driver.compute(path, version=EVENTS)["instanceAction"].get("events")
    return found
