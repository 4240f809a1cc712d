"""Getting to know the sshd of a machine that was there before us.

Rules: nothing is run there; a key that is only offered is told and never trusted here.
"""

from __future__ import annotations

from collections.abc import Callable

import asyncssh

from agents.ssh.dial import dial
from agents.ssh.faults import MissedError, NotLetInError, UnclearError
from agents.ssh.link import log_in
from agents.ssh.options import LOGIN_TIMEOUT, machine_options, public_line
from pcloud.errors import RefusedError
from pcloud.limits import time_limit
from pcloud.model.instance import Instance

_DIAL = 10.0
"""Seconds for TCP and the banner: somebody waits at a terminal."""


class SshLogins:
    """Implements ``pcloud.model.ports.Logins``; ``client_key_path`` tells the private key's file of a deployable."""

    def __init__(self, client_key_path: Callable[[str], str]) -> None:
        self._client_key_path = client_key_path

    async def host_key(self, address: str, port: int) -> str:
        try:
            async with time_limit(LOGIN_TIMEOUT):
                key = await asyncssh.get_server_host_key(address, port, config=None)
        except (TimeoutError, OSError, asyncssh.Error) as error:
            raise RefusedError(
                f"no sshd answers at {address} port {port}: {str(error) or 'it takes too long'}", "see that it runs"
            ) from error
        if key is None:
            raise RefusedError(f"the sshd at {address} port {port} has no host key")
        return key.export_public_key("openssh").decode().strip()

    async def try_login(self, deployable: str, instance: Instance) -> None:
        where = f"{instance.user}@{instance.address} port {instance.port}"
        try:
            options = machine_options(instance, self._client_key_path(deployable))
            connection = await log_in(await dial(instance.address, instance.port, _DIAL), instance, options)
        except NotLetInError as error:
            cure = f"add this line to its ~{instance.user}/.ssh/authorized_keys: {public_line(options)}"
            raise RefusedError(f"{where} does not let us in", cure) from error
        except (MissedError, UnclearError) as error:
            raise RefusedError(f"{where}: {error}") from error
        connection.abort()
