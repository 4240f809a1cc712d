"""What the controller asks of a DPE; the daemon's entry hands it a factory of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pcloud.model.events import InstanceListed, OperatorSaid
from pcloud.model.plan import DeployablePlan
from pcloud.model.ports import Load, Stored
from pcloud.model.state import DeployableState
from pcloud.model.words import Desired, Rung


class Engine(Protocol):
    """One deployable's policy engine."""

    @property
    def state(self) -> DeployableState:
        """How it stands."""

    @property
    def halted(self) -> str:
        """Why nothing is decided any more; "" while all is well."""

    @property
    def load(self) -> Load:
        """How much it has to do."""

    def wall_at(self, at: float) -> float:
        """A moment of its state as POSIX seconds."""

    def ask(self, desired: Desired) -> None:
        """The operator wants it running, or stopped."""

    def ask_recovery(self, rung: Rung, assembly: str, resource: str = "") -> None:
        """The operator asks for one rung's action now. Raises RefusedError when it cannot be done."""

    def say(self, word: OperatorSaid) -> None:
        """The operator says something else; its moment is set when it is handed over."""

    def listed(self, event: InstanceListed) -> bool:
        """A list of its cloud shows this; its moment is set when it is handed over. False where there is no room for it now."""

    def change_plan(self, plan: DeployablePlan, spec: str = "") -> None:
        """The spec is another: that which the store has staged under the name ``spec``, if it is named."""

    def unreadable(self, plan: DeployablePlan) -> str:
        """Why a secret of a plan cannot be read, without any value; empty if all can."""

    async def taken_in(self) -> None:
        """Return when all that was asked until now is decided upon and durable."""

    async def run(self) -> None:
        """Run until cancelled; what it raises is a bug, or StoreError."""


EngineFactory = Callable[[DeployablePlan, Stored | None], Engine]
