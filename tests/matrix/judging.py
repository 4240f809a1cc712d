"""What is wrong with a deployable when all should be over, seen from outside: the cloud's files, its processes, the store, the status."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.processes import supervisor
from cpe.shell.infrastructures.tags import instance_tags
from pcloud.errors import PcloudError
from pcloud.records.status import DeployableStatus
from tests.matrix.recoveries import NAME, Recovery, boots, double, ledger
from tests.system.running import Daemon

GIVEN_UP = {"blocked", "exhausted"}
"""States that call for somebody: right ends too, if he was called."""


@dataclass(frozen=True)
class Before:
    """How it was when the recovery was set off."""

    boots: dict[str, str] = field(default_factory=dict)
    ledger: list[str] = field(default_factory=list)
    newest: int = 0

    @classmethod
    def of(cls, daemon: Daemon) -> Before:
        return cls(boots(daemon), ledger(daemon), daemon.newest())


def stored(daemon: Daemon) -> dict[str, Any]:
    """The deployable's state as it lies in the file."""
    with sqlite3.connect(f"file:{daemon.state / 'store.db'}?mode=ro", uri=True) as connection:
        row = connection.execute("SELECT state FROM states WHERE deployable = ?", (NAME,)).fetchone()
    connection.close()
    return dict(json.loads(row[0])) if row else {"state": {}, "intents": []}


def outcome(status: DeployableStatus) -> str:
    """The word for how it stands."""
    words = {status.state, *(each.state for each in status.assemblies)}
    return next((word for word in sorted(GIVEN_UP) if word in words), status.state)


def problems(daemon: Daemon, recovery: Recovery, before: Before) -> list[str]:
    """All that is not as it must be at the end; empty if it is over, and well."""
    try:
        status = daemon.client.status(NAME)
    except PcloudError as error:
        return [f"no status: {error}"]
    end = outcome(status)
    if end in GIVEN_UP and not alerted(daemon, before):
        return [f"{end} without an alert"]
    if end in GIVEN_UP:
        return []
    if end != recovery.ends:
        return [f"{end} instead of {recovery.ends}"]
    state = stored(daemon)
    if state["intents"]:
        return [f"still open: {', '.join(each['kind'] for each in state['intents'])}"]
    return [*_machines(daemon, recovery, state), *_volumes(daemon, recovery, before), *_audited(daemon), *_done(daemon, recovery, before)]


def alerted(daemon: Daemon, before: Before) -> bool:
    """Whether somebody was called since."""
    return any(event.kind == "alert" for event in daemon.events(before.newest))


def _machines(daemon: Daemon, recovery: Recovery, state: dict[str, Any]) -> Iterator[str]:
    """One generation of each, and nothing that belongs to nobody."""
    assemblies = state["state"]["assemblies"]
    known = {each["instance_id"] for assembly in assemblies.values() for each in assembly["retired"]}
    running: dict[str, list[int]] = {}
    for node in LocalNodeDriver(daemon.cloud).list_nodes():
        tags = instance_tags(node.extra["metadata"])
        alive = supervisor(daemon.cloud / "nodes" / node.id)  # what runs without one is found at the end of the trial
        if tags is None:
            yield f"{node.id} carries no tags"
        elif alive is not None:
            running.setdefault(tags.assembly, []).append(tags.generation)
        elif node.id not in known:
            yield f"stray: {node.id} of {tags.assembly}, generation {tags.generation}, is stopped and nobody knows it"
    wanted = {name: assemblies[name]["instance"]["generation"] for name in recovery.generations if assemblies[name]["instance"]}
    if {name: [generation] for name, generation in wanted.items()} != running or set(wanted) != set(recovery.generations):
        yield f"running {running} instead of {wanted}"
    yield from (
        f"{name} is of generation {wanted.get(name)}" for name, least in recovery.generations.items() if wanted.get(name, 0) < least
    )


def _volumes(daemon: Daemon, recovery: Recovery, before: Before) -> Iterator[str]:
    """Nothing lost, and nobody wrote beside another."""
    volumes = LocalNodeDriver(daemon.cloud).list_volumes()
    if len(volumes) != 1:
        yield f"{len(volumes)} volumes instead of one"
    if ledger(daemon)[: len(before.ledger)] != before.ledger:
        yield f"the volume lost what was on it: {ledger(daemon)} instead of {before.ledger}"
    if double(daemon):
        yield "two wrote to the volume at once"


def _audited(daemon: Daemon) -> Iterator[str]:
    """What an operator would find: pcloud infrastructure audit."""
    yield from (f"the audit finds {each.whose}: {each.reason}" for each in daemon.client.audit_infrastructure("local").found)


def _done(daemon: Daemon, recovery: Recovery, before: Before) -> Iterator[str]:
    """It was really done, and not only well before it began."""
    done = len(ledger(daemon)) - len(before.ledger)
    if recovery.ends == "healthy" and recovery.name != "reload" and not done:
        yield "the service was not started again"
    if recovery.name == "reboot" and set(boots(daemon).values()) >= set(before.boots.values()):
        yield "nothing was rebooted"
    if recovery.name == "reload" and sorted(each.name for each in daemon.client.status(NAME).assemblies) != sorted(recovery.generations):
        yield "the spec of before is in force"
