"""Secrets on their way to a machine, and kept out of everything that comes back from it.

Rules:
- Every value that was ever handed out is replaced by ``***`` in what scripts, probes and consoles print, before it becomes an event: as it
  is, as shells, JSON, URLs and base64 write it, each of its lines, and what is left of it where an output was cut.
- A value of fewer than four characters is not: it would blot out half of every text and protects nothing.
- What is wrong with a secret is told once, until that changes. One that cannot be read any more is used as it was: a file that is gone
  must not turn a restart into an outage.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote, quote_plus

from dpe.shell.facts import Fact
from pcloud.errors import SecretError
from pcloud.model.events import SecretNoted
from pcloud.model.plan import AssemblyPlan, DeployablePlan, Secret
from pcloud.model.ports import SecretReading

SHORTEST = 4
LEAST_PIECE = 12  # characters of a value that was cut: fewer are words that may stand anywhere
PRINTED = ("reason", "tail", "console")  # the fields of facts that hold what a machine printed
HIDDEN = "***"


class Secrets:
    """One deployable's secrets. ``read`` raises SecretError, which never holds the value; ``post`` takes what is to be told of them."""

    def __init__(self, read: Callable[[Secret], SecretReading], post: Callable[[Fact], None]) -> None:
        self._read = read
        self._post = post
        self._known: dict[tuple[str, Secret], str] = {}  # what each assembly was given last
        self._hide: set[str] = set()
        self._told: dict[tuple[str, str], str] = {}

    def learn(self, plan: DeployablePlan) -> None:
        """Know all values that a machine may hold already, and tell what is wrong with them before somebody needs them."""
        for assembly in plan.assemblies:
            for secret in assembly.secrets:
                try:
                    self._value(assembly.name, secret)
                except SecretError as error:  # whoever needs it is refused
                    self._tell(assembly.name, secret, str(error))

    def environment(self, plan: AssemblyPlan, parameters: Mapping[str, str]) -> dict[str, str]:
        """What an assembly's scripts get as environment: its parameters and the values of its secrets. SecretError."""
        return {**parameters, **{each.name: self._value(plan.name, each) for each in plan.secrets}}

    def unreadable(self, plan: DeployablePlan) -> str:
        """Why a secret of a plan that was never read cannot be, in words that hold no value; empty if all can. Nobody is told."""
        for assembly, secret in ((each, secret) for each in plan.assemblies for secret in each.secrets):
            try:
                if (assembly.name, secret) not in self._known:
                    self._read(secret)
            except SecretError as error:
                return str(error)
        return ""

    def _value(self, assembly: str, secret: Secret) -> str:
        known = self._known.get((assembly, secret))
        try:
            reading = self._read(secret)
        except SecretError as error:
            if known is None:
                raise
            self._tell(assembly, secret, f"{error}; its last value is used")
            return known
        if known is not None and known != reading.value:
            changed = f"secret {secret.name} has changed: scripts that run from now on get it"
            self._post(Fact(SecretNoted, assembly=assembly, reason=changed))
        self._known[assembly, secret] = reading.value
        self._hide.update(ways_to_write(reading.value))
        self._tell(assembly, secret, reading.complaint)
        return reading.value

    def _tell(self, assembly: str, secret: Secret, trouble: str) -> None:
        """Once, until it is another; "" is none."""
        if self._told.get((assembly, secret.name), "") != trouble:
            self._told[assembly, secret.name] = trouble
            if trouble:
                self._post(Fact(SecretNoted, assembly=assembly, reason=trouble, alert=True))

    def at_hand(self, plan: AssemblyPlan) -> dict[str, str]:
        """The values of an assembly's secrets that can be read now: what looks at a service without one says so itself."""
        found = {}
        for each in plan.secrets:
            try:
                found[each.name] = self._value(plan.name, each)
            except SecretError:
                continue
        return found

    def hidden(self, text: str) -> str:
        """The text without any of the values, the longest replaced first."""
        for value in sorted(self._hide, key=len, reverse=True):
            text = without_pieces(text.replace(value, HIDDEN), value)
        return text

    def veil(self, fact: Fact) -> Fact:
        """The fact without any of the values in what was printed; what is told of secrets holds none, and names their files."""
        if fact.kind is SecretNoted:
            return fact
        for field in PRINTED:
            said = fact.fields.get(field)
            if isinstance(said, str) and said:
                fact.fields[field] = self.hidden(said)
        return fact


def ways_to_write(value: str) -> Iterator[str]:
    """How a value may turn up in what a program prints."""
    encoded = base64.b64encode(value.encode()).decode()
    ways = (value, *value.splitlines(), shlex.quote(value), json.dumps(value)[1:-1], quote(value, safe=""), quote_plus(value), encoded)
    return (way for way in ways if len(way) >= SHORTEST)


def without_pieces(text: str, value: str) -> str:
    """The text without the larger half of the value, and what goes on with it: an output is cut anywhere."""
    least = max(LEAST_PIECE, (len(value) + 1) // 2)
    if len(value) <= least:
        return text
    while (at := text.find(value[-least:])) >= 0:  # its beginning was cut off
        more = least
        while at > 0 and more < len(value) and text[at - 1] == value[-more - 1]:
            at, more = at - 1, more + 1
        text = text[:at] + HIDDEN + text[at + more :]
    while (at := text.find(value[:least])) >= 0:  # its end was
        end, more = at + least, least
        while end < len(text) and more < len(value) and text[end] == value[more]:
            end, more = end + 1, more + 1
        text = text[:at] + HIDDEN + text[end:]
    return text
