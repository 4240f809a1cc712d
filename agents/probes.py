"""What is looked at inside a machine: one probe per resource agent and one per check from inside.

Rules: a probe is shell text with a rhythm and a table of exit statuses; an exit status is judged here and nowhere else; what the table does
not name is a miss.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from agents.pages import pin
from agents.pending import Pending, read_pending
from agents.resources import monitor_script
from agents.shelltext import exports
from agents.statuses import AGENT, COMMAND, NETWORK, OCF, PENDING, SCRIPT
from pcloud.model.plan import (
    ACTION_TIMEOUT,
    AssemblyPlan,
    Check,
    CommandCheck,
    HttpCheck,
    LsbAgent,
    OcfAgent,
    ResourcePlan,
    ScriptAgent,
    TcpCheck,
)
from pcloud.model.ports import ProbeSeen
from pcloud.model.words import Origin, Verdict

_OWN_RESTARTS = re.compile(r"NRestarts=([0-9]{1,10})(?: |$)")
_SIGPIPE = "141"
"""128 + SIGPIPE: the shell's word for a check that was stopped because it printed without end."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing to look at. ``key`` is "" for the resource agent's own monitor. Durations in seconds.

    ``action_timeout`` is how long the service may be on its way where it sets itself no limit.
    """

    resource: str
    key: str
    snippet: str
    interval: float
    timeout: float
    verdicts: Mapping[int, Verdict]
    action_timeout: float = ACTION_TIMEOUT

    def judge(self, status: str, text: str) -> ProbeSeen:
        """What an exit status (or ``timeout``) with the end of the output means."""
        verdict = self.verdicts.get(int(status), Verdict.MISSED) if status.isdecimal() else Verdict.MISSED
        if verdict is Verdict.PASSED:
            return ProbeSeen(self.resource, self.key, verdict, "", restarts=self._restarts(text))
        if (pending := self.pending(status, text)) is not None:
            return ProbeSeen(self.resource, self.key, verdict, pending.reason, patience=pending.limit)
        return ProbeSeen(self.resource, self.key, verdict, self._reason(status, text))

    def pending(self, status: str, text: str) -> Pending | None:
        """What the service is waited for, where its monitor says so."""
        return read_pending(text, self.action_timeout) if self.verdicts in (AGENT, OCF) and status == str(PENDING) else None

    def _restarts(self, text: str) -> int | None:
        """systemd's count of its own restarts, which its monitor tells."""
        found = _OWN_RESTARTS.match(text) if self.verdicts is AGENT else None
        return int(found[1]) if found is not None else None

    def _reason(self, status: str, text: str) -> str:
        if status == "timeout":
            said = f"timed out after {self.timeout:g}s"
        elif status == _SIGPIPE:
            said = "printed without end and was stopped"
        elif self.verdicts is COMMAND or self.verdicts is SCRIPT or not text:
            said = f"exit status {status}"
        else:
            return text
        return f"{said}: {text}" if text else said


def inside_probes(assembly: AssemblyPlan, environment: Mapping[str, str] | None = None) -> tuple[Probe, ...]:
    """Every probe that runs in the machine itself, in the plan's order; what is the user's own runs with ``environment``."""
    given = exports(environment or {})
    probes = (probe for resource in assembly.resources for probe in _resource_probes(resource))
    return tuple(replace(each, snippet=given + each.snippet) if each.verdicts in (OCF, SCRIPT, COMMAND) else each for each in probes)


def monitor_probe(resource: ResourcePlan) -> Probe | None:
    """The resource agent's own monitor; None for a resource that is a check alone."""
    if resource.agent is None:
        return None
    match resource.agent:
        case ScriptAgent():
            verdicts = SCRIPT
        case OcfAgent() | LsbAgent():
            verdicts = OCF
        case _:
            verdicts = AGENT
    snippet = monitor_script(resource)
    return Probe(resource.name, "", snippet, resource.interval, resource.timeout, verdicts, resource.action_limit)


def _resource_probes(resource: ResourcePlan) -> tuple[Probe, ...]:
    monitor = monitor_probe(resource)
    checks = tuple(_check_probe(resource.name, check) for check in resource.checks if check.origin is Origin.INSIDE)
    return checks if monitor is None else (monitor, *checks)


def _check_probe(resource: str, check: Check) -> Probe:
    match check.what:
        case TcpCheck(port):
            snippet, verdicts = f"port={port}\n{_text('tcp.sh')}", NETWORK
        case HttpCheck(url, status, contains, certificate):
            pinned = pin(certificate) if certificate else ""
            settings = f"url={shlex.quote(url)} wanted={status} contains={shlex.quote(contains)} limit={check.timeout:g} pin={pinned}"
            snippet, verdicts = f"{settings}\n{_text('http.sh')}", NETWORK
        case CommandCheck(command):
            snippet, verdicts = command, COMMAND
    return Probe(resource, check.key, snippet, check.interval, check.timeout, verdicts)


@cache
def _text(name: str) -> str:
    return (files("agents.watcher") / name).read_text(encoding="utf-8")
