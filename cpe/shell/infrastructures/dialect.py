"""Where libcloud's drivers differ: how tags, user data, volumes and logins are passed. One small class for each driver.

Rules: called in a thread with that thread's driver; raises what the driver raises, the caller translates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pcloud.model.instance import LaunchOrder


@dataclass(frozen=True, slots=True)
class Login:
    """Where SSH listens. Empty while the cloud has not said it; ``user`` is empty where the image decides."""

    address: str
    port: int = 22
    user: str = ""


class Dialect(Protocol):
    """Nodes, sizes, images and volumes are libcloud's own objects."""

    lateness: float
    """Seconds within which something may still show that was asked for by somebody who did not get the answer: a node, a reboot."""

    user_data_limit: int | None
    """Bytes that user data may have, base64-encoded; a cloud that counts what comes of it has four thirds of that. None: any length."""

    def metadata(self, thing: Any) -> Mapping[str, str]:
        """What a node or a volume is tagged with."""

    def tag(self, driver: Any, node: Any, metadata: Mapping[str, str | None]) -> None:
        """Put these on a node, and take off those that are None; what else it is tagged with stays."""

    def zone(self, node: Any) -> str:
        """The zone that a node is in; empty where the cloud has none, or does not say."""

    def stopped_by(self, driver: Any, node: Any) -> str:
        """Who switched off a node that is off, by the cloud's own record; empty if that was us, or nobody (a crash)."""

    def login(self, node: Any) -> Login: ...

    def node(self, driver: Any, instance_id: str) -> Any:
        """One node, asked by its id; raises the driver's 404 if there is none."""

    def create(self, driver: Any, order: LaunchOrder, *, size: Any, image: Any, metadata: Mapping[str, str]) -> Any:
        """Ask for a node with its volumes."""

    def start(self, driver: Any, node: Any) -> None:
        """Power on; no error if it is on."""

    def stop(self, driver: Any, node: Any) -> None:
        """Power off; no error if it is off."""

    def reboot(self, driver: Any, node: Any, *, hard: bool) -> None: ...

    def console(self, driver: Any, node: Any) -> str:
        """The end of the console's output; empty where there is none."""

    def volume(self, driver: Any, volume_id: str) -> Any:
        """One volume, asked by its id; raises the driver's 404 if there is none."""

    def holder(self, volume: Any) -> str:
        """The id of the node that a volume is attached to; empty while it is free."""

    def create_volume(self, driver: Any, name: str, size: int, metadata: Mapping[str, str]) -> Any:
        """``size`` in GiB."""
