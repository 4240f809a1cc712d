"""Heat, as a peer: a stack of two servers, and what it calls healing one. Only where the lab was brought up with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import requests
from libcloud.common.exceptions import BaseHTTPError

from cpe.shell.infrastructures.openstack.connections import ServiceConnection
from cpe.shell.infrastructures.openstack.identity import Identity, Service

HEAT = Service("orchestration", ("orchestration",), "")
LOOK = 0.1  # seconds between two looks


class Stack:
    """One stack of servers named ``PREFIX-ASSEMBLY``."""

    def __init__(self, identity: Identity, prefix: str, assemblies: Sequence[str], server: dict[str, Any]) -> None:
        self._heat = ServiceConnection(identity, HEAT)
        self._path = ""
        self._name = prefix
        resources = {each: {"type": "OS::Nova::Server", "properties": {**server, "name": f"{prefix}-{each}"}} for each in assemblies}
        self._template = {"heat_template_version": "2021-04-16", "resources": resources}

    def create(self) -> None:
        """Asked for; whoever looks at Nova sees it grow."""
        words = {"stack_name": self._name, "template": self._template, "timeout_mins": 10}
        made = self._heat.request("/stacks", method="POST", data=words).object["stack"]
        self._path = f"/stacks/{self._name}/{made['id']}"

    def until(self, status: str) -> None:
        """Until Heat calls it that; SystemExit where it calls it failed."""
        while (stack := self._heat.request(self._path).object["stack"])["stack_status"] != status:
            if stack["stack_status"].endswith("FAILED"):
                raise SystemExit(f"Heat: {stack['stack_status_reason']}")
            time.sleep(LOOK)

    def heal(self, assembly: str) -> None:
        """As Heat's manual has it: the server is called unhealthy, and an update makes another one in its place."""
        unhealthy = {"mark_unhealthy": True, "resource_status_reason": "benchmark"}
        self._heat.request(f"{self._path}/resources/{assembly}", method="PATCH", data=unhealthy)
        self._heat.request(self._path, method="PATCH", data={"template": self._template})
        self.until("UPDATE_COMPLETE")

    def delete(self) -> None:
        """Gone when it returns."""
        with suppress(BaseHTTPError):
            self._heat.request(self._path, method="DELETE")
        while True:
            try:
                stack = self._heat.request(self._path).object["stack"]
            except BaseHTTPError as error:
                if error.code == requests.codes.not_found:
                    return
                raise
            if stack["stack_status"] == "DELETE_COMPLETE":
                return
            time.sleep(LOOK)
