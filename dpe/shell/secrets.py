"""Secrets on their way to a machine, and kept out of everything that comes back from it.

Rules: every value that was ever handed out is replaced by ``***`` in what scripts, probes and consoles print, before it becomes an event.
A value of fewer than four characters is not: it would blot out half of every text and protects nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dpe.shell.facts import Fact
from pcloud.errors import PcloudError
from pcloud.model.plan import AssemblyPlan, DeployablePlan, Secret

SHORTEST = 4
PRINTED = ("reason", "tail", "console")  # the fields of facts that hold what a machine printed


class Secrets:
    """One deployable's secrets. ``read`` raises PcloudError, which never holds the value."""

    def __init__(self, read: Callable[[Secret], str]) -> None:
        self._read = read
        self._values: set[str] = set()

    def learn(self, plan: DeployablePlan) -> None:
        """Know all values that a machine may hold already; one that cannot be read now cannot be hidden before it is read."""
        for assembly in plan.assemblies:
            for secret in assembly.secrets:
                try:
                    self._value(secret)
                except PcloudError:
                    continue  # whoever needs it says so

    def _value(self, secret: Secret) -> str:
        value = self._read(secret)
        self._values.update(line for line in (value, *value.splitlines()) if len(line) >= SHORTEST)
        return value

    def environment(self, plan: AssemblyPlan, parameters: Mapping[str, str]) -> dict[str, str]:
        """What an assembly's scripts get as environment: its parameters and the values of its secrets."""
        return {**parameters, **{each.name: self._value(each) for each in plan.secrets}}

    def at_hand(self, plan: AssemblyPlan) -> dict[str, str]:
        """The values of an assembly's secrets that can be read now: what looks at a service without one says so itself."""
        found = {}
        for each in plan.secrets:
            try:
                found[each.name] = self._value(each)
            except PcloudError:
                continue
        return found

    def hidden(self, text: str) -> str:
        """The text without any of the values, the longest replaced first."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, "***")
        return text

    def veil(self, fact: Fact) -> Fact:
        """The fact without any of the values in what was printed."""
        for field in PRINTED:
            said = fact.fields.get(field)
            if isinstance(said, str) and said:
                fact.fields[field] = self.hidden(said)
        return fact
