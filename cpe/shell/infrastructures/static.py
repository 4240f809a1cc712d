"""The driver ``static``: machines that were there before, reached at their addresses, with nobody who could be asked about them.

Rules: nothing is ever launched, stopped or listed; that nobody can be asked is said, so that no answer is taken for an anchor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Never

from cpe.shell.infrastructures.order import Order
from pcloud.errors import HardInfrastructureError, RefusedError
from pcloud.model.instance import InstanceReading, LaunchOrder, PortReading, Tags, VolumeReading
from pcloud.model.plan import DeployablePlan


def make(order: Order) -> StaticInfrastructure:
    """RefusedError if there are args."""
    order.takes_no_args()
    return StaticInfrastructure(order.name)


class StaticInfrastructure:
    """An Infrastructure without a cloud. All calls raise HardInfrastructureError, but those that have nothing to do."""

    lateness = 0.0
    user_data_limit: int | None = None

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def refuse(self, plan: DeployablePlan) -> None:
        """RefusedError for a deployable at home here that has something to be launched."""
        launched = [assembly.name for assembly in plan.assemblies if not assembly.static]
        if launched and plan.infrastructures[0] == self._name:
            raise RefusedError(
                f"infrastructure {self._name} is static: nothing can be launched there, and {', '.join(launched)} has no address",
                "give each an address, or name an infrastructure of another driver",
            )

    def _nothing(self) -> Never:
        raise HardInfrastructureError(f"infrastructure {self._name} is static: there is nobody to ask")

    async def find(self, deployable: str, assembly: str) -> Sequence[InstanceReading]:
        self._nothing()

    async def instances(self) -> Sequence[InstanceReading]:
        """There are none of ours."""
        return ()

    async def read(self, instance_id: str) -> InstanceReading:
        self._nothing()

    async def create(self, order: LaunchOrder) -> InstanceReading:
        self._nothing()

    async def start(self, instance_id: str) -> None:
        self._nothing()

    async def stop(self, instance_id: str) -> None:
        self._nothing()

    async def reboot(self, instance_id: str, *, hard: bool) -> None:
        self._nothing()

    async def destroy(self, instance_id: str) -> None:
        self._nothing()

    async def tag(self, instance_id: str, mark: Tags | None) -> None:
        self._nothing()

    async def volume(self, deployable: str, assembly: str, name: str, size: int) -> str:
        self._nothing()

    async def volumes(self) -> Sequence[VolumeReading]:
        """There are none."""
        return ()

    async def release(self, volume_id: str) -> None:
        self._nothing()

    async def delete_volumes(self, deployable: str) -> Sequence[str]:
        """There are none."""
        return ()

    async def delete_volume(self, volume_id: str) -> None:
        self._nothing()

    async def ports(self) -> Sequence[PortReading]:
        """There are none."""
        return ()

    async def delete_ports(self, deployable: str) -> Sequence[str]:
        """There are none."""
        return ()

    async def delete_port(self, port_id: str) -> None:
        self._nothing()

    async def console(self, instance_id: str) -> str:
        """Nobody keeps one."""
        return ""
