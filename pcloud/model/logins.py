"""The Protocol through which the controller meets the sshd of a machine that was there before it."""

from __future__ import annotations

from typing import Protocol

from pcloud.model.instance import Instance


class Logins(Protocol):
    """Getting to know the sshd of a machine that was there before us."""

    async def host_key(self, address: str, port: int) -> str:
        """The public line of the host key that it offers, which nobody vouches for. Raises PcloudError where it does not answer."""

    async def try_login(self, deployable: str, instance: Instance) -> None:
        """Log in once as its agent will, and out again. Raises RefusedError with what would let us in."""
