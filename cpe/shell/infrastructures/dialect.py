"""Where libcloud's drivers differ: how tags, user data, volumes and logins are passed. One small class for each driver.

Rules: called in a thread with that thread's driver; raises what the driver raises, the caller translates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pcloud.model.instance import LaunchOrder, PortReading


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

    off_first: bool
    """Whether a node must be seen off before it is deleted: that such a cloud calls it gone is no proof that it does not run."""

    off_to_reboot: bool
    """Whether a hard reboot is a hard stop, which ``reboot`` asks for, and a start once the node is seen off."""

    @property
    def trials(self) -> Mapping[str, Callable[[Any], str]]:
        """What a trial asks beside what is asked of every cloud: each question changes nothing and answers in words, or raises."""

    def metadata(self, thing: Any) -> Mapping[str, str]:
        """What a node or a volume is tagged with."""

    def tag(self, driver: Any, node: Any, metadata: Mapping[str, str | None]) -> None:
        """Put these on a node, and take off those that are None; what else it is tagged with stays."""

    def zone(self, node: Any) -> str:
        """The zone that a node is in; empty where the cloud has none, or does not say."""

    def stopped_by(self, driver: Any, node: Any) -> str:
        """Who switched off a node that is off, by the cloud's own record; empty if that was us, or nobody (a crash)."""

    def login(self, node: Any) -> Login: ...

    def fault(self, node: Any) -> str:
        """Why it is in ERROR; empty where nobody says."""

    def node(self, driver: Any, instance_id: str) -> Any:
        """One node, asked by its id; raises the driver's 404 if there is none."""

    def furnished(self, driver: Any, node: Any) -> Any:
        """The node, when what its creation left open has been done, or asked for: volumes that can be attached to what runs only."""

    def images(self, driver: Any, name: str) -> list[Any]:
        """Those among which ``name``, an id or a name, is looked for; all of them where a cloud has few enough."""

    def sizes(self, driver: Any, name: str) -> list[Any]:
        """Likewise; the smallest of them is taken where ``name`` is empty."""

    def prepare(self, driver: Any, order: LaunchOrder, *, size: Any, image: Any, metadata: Mapping[str, str]) -> Any:
        """Everything that a creation needs, found, or made where it outlives the node: the ports that the assembly keeps, say.

        None while a predecessor that is off still has something of it. InfrastructureError where one has it that may run.
        """

    def create(self, driver: Any, order: LaunchOrder, prepared: Any) -> Any:
        """Ask for a node with its volumes; ``prepared`` is what ``prepare`` returned. One question: its answer is clear, or is not."""

    def start(self, driver: Any, node: Any) -> None:
        """Power on; no error if it is on."""

    def stop(self, driver: Any, node: Any) -> None:
        """Power off; no error if it is off."""

    def reboot(self, driver: Any, node: Any, *, hard: bool) -> None: ...

    def console(self, driver: Any, node: Any) -> str:
        """The end of the console's output; empty where there is none."""

    def doubt(self, driver: Any, instance_id: str) -> str:
        """Of a node that the cloud does not know any more: why it may run all the same; empty where nothing speaks for that."""

    def volume(self, driver: Any, volume_id: str) -> Any:
        """One volume, asked by its id; raises the driver's 404 if there is none."""

    def holder(self, volume: Any) -> str:
        """The id of the node that a volume is attached to; empty while it is free."""

    def create_volume(self, driver: Any, name: str, size: int, metadata: Mapping[str, str]) -> Any:
        """``size`` in GiB."""

    def detach(self, driver: Any, volume: Any) -> None:
        """Ask for it; InfrastructureError while the node that has it may write to it."""

    def kept(self, driver: Any) -> Sequence[PortReading]:
        """All ports and floating addresses that carry tags as ours do, of whatever controller."""

    def delete_port(self, driver: Any, port: PortReading) -> None:
        """Delete a port or a floating address; raises the driver's 404 if there is none."""

    def forget(self, driver: Any, controller: str, deployable: str) -> None:
        """Delete what else was made for a deployable as a whole, and is of no use without it."""


class Whole:
    """For a driver that makes nodes whole and whose clouds have few images and sizes: the part of its dialect that follows."""

    def furnished(self, driver: Any, node: Any) -> Any:
        return node

    def images(self, driver: Any, name: str) -> list[Any]:
        found: list[Any] = driver.list_images()
        return found

    def sizes(self, driver: Any, name: str) -> list[Any]:
        found: list[Any] = driver.list_sizes()
        return found
