"""What fate does to a world's machines and services."""

from __future__ import annotations

from pcloud.model import events
from pcloud.model.words import Rung
from tests.policy.machines import Illness, Machine


class Hurting:
    """Everything is seen at once."""

    machines: dict[str, Machine]

    def host(self, name: str) -> Machine:
        """The machine of an assembly that is known to have one."""
        raise NotImplementedError

    def look(self) -> None:
        """Have what was changed by hand be seen."""
        raise NotImplementedError

    def ail(
        self,
        target: str,
        reason: str = "not running",
        *,
        soft: bool = False,
        cure: Rung | None = Rung.RESTART,
        evidence: type[events.ProbeReported] | None = None,
    ) -> None:
        """A service falls ill, and is seen to be."""
        name, _, resource = target.partition("/")
        kind = evidence or (events.ProbeMissed if soft else events.ProbeFailed)
        self.host(name).ill[resource] = Illness(kind, reason, cure)
        self.look()

    def heal(self, target: str) -> None:
        """It gets well by itself."""
        name, _, resource = target.partition("/")
        self.host(name).ill.pop(resource, None)
        self.look()

    def freeze(self, name: str) -> None:
        """Stop everything in a machine."""
        self.host(name).frozen = True
        self.look()

    def vanish(self, name: str) -> None:
        """The machine is destroyed behind our back."""
        del self.machines[self.host(name).instance.id]
        self.look()
