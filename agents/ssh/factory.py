"""What all SSH agents of one controller share, and how one is made.

Rules: a factory belongs to one event loop; it is closed when its agents have ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import asyncssh

from agents.outside import OutsideChecks
from agents.pages import Pages
from agents.ssh.agent import SshAgent
from agents.ssh.faults import UnclearError
from agents.ssh.options import machine_options
from pcloud.errors import PcloudError
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan
from pcloud.model.ports import Sighting

_HANDSHAKES = 32
"""At once: 2-4 ms of CPU each, so a burst holds the loop for a tenth of a second, and a few that hang do not starve the rest."""


class SshAgents:
    """An AgentFactory. ``client_key_path`` tells the private key's file of a deployable, or raises a PcloudError."""

    def __init__(self, client_key_path: Callable[[str], str], handshakes: int = _HANDSHAKES) -> None:
        self._client_key_path = client_key_path
        self._handshakes = asyncio.Semaphore(handshakes)
        self._pages = Pages()

    def __call__(self, deployable: str, assembly: AssemblyPlan, instance: Instance, report: Callable[[Sighting], None]) -> SshAgent:
        monitor = assembly.monitor
        instance = replace(instance, user=instance.user or monitor.user, host_key=instance.host_key or monitor.host_key)

        @lru_cache(1)
        def options() -> asyncssh.SSHClientConnectionOptions:  # an error is not kept: the key may be mended
            return machine_options(instance, self._own_key(deployable))

        outside = OutsideChecks(instance.address, self._pages, report)
        return SshAgent(assembly, instance, report, options=options, handshakes=self._handshakes, outside=outside)

    def _own_key(self, deployable: str) -> str:
        try:
            return self._client_key_path(deployable)
        except PcloudError as error:  # it says nothing of the machine, and the next attempt asks again
            raise UnclearError(f"our own key cannot be read: {error}") from error

    async def aclose(self) -> None:
        """Let go of the HTTP clients."""
        await self._pages.aclose()
