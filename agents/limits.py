"""How long a start and a stop of a service may take (policy.md section 1): as the spec says it, else the service's own, else the usual.

Rules: what only the machine knows is asked there right before the action; what cannot be read is the usual. A service's own limit ends the
action by itself, so that ours is later than that by some reserve, and never earlier than the usual: one that its own supervisor fails or
kills in time is no action that hangs.
"""

from __future__ import annotations

from dataclasses import dataclass

from agents.pending import seconds
from pcloud.model.plan import ACTION_TIMEOUT

ASKING = 25.0
"""Seconds for the machine to tell them: longer than a systemd that executes itself anew is waited for."""
_RESERVE = 10.0
"""Seconds after the service's own limit: for the supervisor to kill what is left, and to tell."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of a start and of a stop."""

    start: float = ACTION_TIMEOUT
    stop: float = ACTION_TIMEOUT


def read_limits(text: str) -> Limits:
    """What a machine says: lines ``start SPAN`` and ``stop SPAN``, spans as systemd writes them."""
    said = {verb: span for verb, _, span in (line.partition(" ") for line in text.splitlines())}
    return Limits(_limit(said.get("start", "")), _limit(said.get("stop", "")))


def _limit(span: str) -> float:
    """One of them; a service that sets itself no limit has the usual."""
    own = seconds(span)
    return ACTION_TIMEOUT if own is None else max(ACTION_TIMEOUT, own + _RESERVE)
