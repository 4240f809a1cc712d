"""Faults of an infrastructure's API: slow, failing, ambiguous, double, out of date, out of reach."""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

from cpe.shell.infrastructures.local.faults import FILE, told
from tests.chaos.faults.words import Strikes, Undo
from tests.chaos.schedule import Fault
from tests.chaos.world import World

TOLD: dict[str, dict[str, dict[str, Any]]] = {
    "api-slow": {"*": {"delay": 2.5}},
    "api-500": {"*": {"status": 500}},
    "api-429": {"*": {"status": 429, "retry_after": 3}},
    "api-503": {"*": {"status": 503, "retry_after": 3}},
    "api-unreachable": {"*": {"delay": 1.0, "status": "timeout"}},
    "api-lost": {"create": {"then": "timeout"}, "start": {"then": "timeout"}, "reboot": {"then": "broken"}, "stop": {"then": "broken"}},
    "api-twice": {"create": {"twice": True}, "reboot": {"twice": True}},
    "api-stale": {"list": {"stale": 20}},
}

_lock = threading.Lock()
_on: defaultdict[Path, list[Fault]] = defaultdict(list)  # what is told of each cloud, in the order in which it was


def strike(world: World, fault: Fault) -> Undo:
    """Several at once are told together; for one call the last one holds."""
    directory = world.site.cloud(fault.targets[0])
    with _lock:
        _on[directory].append(fault)
        tell(directory)

    def undo() -> None:
        with _lock:
            _on[directory].remove(fault)
            tell(directory)

    return undo


def tell(directory: Path) -> None:
    together: dict[str, dict[str, Any]] = {}
    for fault in _on[directory]:
        together.update(TOLD[fault.kind])
    if together:
        told(directory, together)
    else:
        (directory / FILE).unlink(missing_ok=True)


STRIKES: Strikes = dict.fromkeys(TOLD, strike)
