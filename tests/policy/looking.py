"""Looking at a world: its words, what was ordered, and the journal as people read it."""

from __future__ import annotations

from dpe.policy.summary import assembly_word, deployable_word, resource_word
from pcloud.model import actions
from pcloud.model.state import DeployableState


class Looking:
    """What can be seen of a state and a log of orders."""

    state: DeployableState
    log: list[actions.Order]

    def word(self, target: str = "") -> str:
        name, _, resource = target.partition("/")
        if not name:
            return deployable_word(self.state)
        owner = self.state.assemblies[name]
        return resource_word(owner.resources[resource]) if resource else assembly_word(owner)

    def mark(self) -> int:
        return len(self.log)

    def did(self, since: int = 0) -> list[str]:
        """The actions ordered since a place in the log, as ``RestartResource mysql``."""
        return [f"{type(each).__name__} {each.assembly}" for each in self.log[since:] if isinstance(each, actions.Action)]

    def reports(self, since: int = 0) -> list[actions.Report]:
        return [order for order in self.log[since:] if isinstance(order, actions.Report)]

    def lines(self, since: int = 0) -> list[str]:
        """The journal as people read it."""
        shown = []
        for each in self.reports(since):
            target = "/".join(part for part in (self.state.name, each.assembly, each.resource) if part)
            change = f"{each.before} → {each.after}" if each.before or each.after else each.kind
            shown.append(f"{target}  {change}: {each.reason}" if each.reason else f"{target}  {change}")
        return shown

    def alerts(self, since: int = 0) -> list[str]:
        return [each.reason for each in self.reports(since) if each.alert]
