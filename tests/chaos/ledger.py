"""The judge's eye on the store: its events as they appear, how many recoveries are in flight, what is registered at the end.

Rules: read-only, in short transactions; a store that cannot be read just now (full, locked, being made) is read at the next look.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.chaos.evidence import Crowd, Evidence, Line, Stock
from tests.chaos.site import Site

EVERY = 0.25
"""Seconds between two looks at the events: as exact as times in the report can be."""
CROWDS = 4  # looks at the events for one at the states, which takes longer
ABOVE = {"reboot", "relaunch", "relaunch_deployable", "relocate"}
STORE = "store.db"


class Ledger:
    """Follows the store in ``directory`` until it is closed."""

    def __init__(self, directory: Path, evidence: Evidence, homes: dict[str, str], begin: float) -> None:
        self._directory, self._evidence, self._homes, self._begin = directory, evidence, homes, begin
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self.unread = 0
        self.looks = 0

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self.look(crowd=True)

    def take_stock(self, site: Site) -> None:
        """What is registered now, and which machines there are, before all of it is deleted."""
        with closing(self._connect()) as store:
            self._evidence.stored = {name for (name,) in store.execute("SELECT name FROM deployables")}
            states = {name: json.loads(text)["state"] for name, text in store.execute("SELECT deployable, state FROM states")}
        there: defaultdict[str, set[str]] = defaultdict(set)
        for node in site.nodes():
            there[node.target].add(node.id)
        for name, state in states.items():
            for assembly, each in state["assemblies"].items():
                target = f"{name}/{assembly}"
                self._evidence.stocks[target] = stock_of(there[target], each)

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            self.looks += 1
            try:
                self.look(crowd=self.looks % CROWDS == 0)
            except sqlite3.Error:
                self.unread += 1

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self._directory / STORE}?mode=ro", uri=True, timeout=1.0)

    def look(self, *, crowd: bool) -> None:
        """What is new since the last look."""
        with closing(self._connect()) as store:
            last = self._evidence.lines[-1].seq if self._evidence.lines else 0
            rows = store.execute("SELECT seq, deployable, body FROM events WHERE seq > ? ORDER BY seq", (last,)).fetchall()
            stamp = time.monotonic() - self._begin
            self._evidence.lines.extend(line(seq, stamp, deployable, json.loads(body)) for seq, deployable, body in rows)
            if crowd:
                states = store.execute("SELECT deployable, state FROM states").fetchall()
                self._evidence.crowds.append(crowd_of(stamp, {name: json.loads(text)["state"] for name, text in states}, self._homes))

    def words(self) -> dict[str, str]:
        """The last word of each target in the journal."""
        return {each.target: each.after for each in self._evidence.lines if each.after}

    def reason(self, target: str) -> str:
        """The last alerts that the journal has of a target and what is below it, and its last line."""
        mine = [each for each in self._evidence.lines if each.reason and f"{each.target}/".startswith(f"{target}/")]
        last = {each.target: f"{each.target}: {each.reason}" for each in mine if each.kind == "alert"} if mine else {}
        return "; ".join([*last.values(), f"last: {mine[-1].target}: {mine[-1].reason}"] if mine else [])


def line(seq: int, stamp: float, deployable: str, body: dict[str, Any]) -> Line:
    return Line(
        seq,
        stamp,
        deployable,
        body.get("assembly", ""),
        body.get("resource", ""),
        body["kind"],
        body.get("before", ""),
        body.get("after", ""),
        body.get("reason", ""),
        body.get("decision", ""),
        body.get("record"),
    )


def stock_of(there: set[str], assembly: dict[str, Any]) -> Stock:
    """What the state of an assembly says of the machines that are there."""
    current = [assembly["instance"]["id"]] if assembly["instance"] else []
    known = {*current, *(each["instance_id"] for each in (*assembly["retired"], *assembly["twins"]))}
    return Stock(frozenset(there), frozenset(known), frozenset(each["instance_id"] for each in assembly["retired"] if not each["twin"]))


def crowd_of(at: float, states: dict[str, dict[str, Any]], homes: dict[str, str]) -> Crowd:
    """Recoveries in flight: those that act or verify, by a permit, above a restart. A first start needs none."""
    found: Counter[str] = Counter()
    for name, state in states.items():
        recoveries = [state["recovery"], *(each["recovery"] for each in state["assemblies"].values())]
        whole = recoveries[0]
        flying = [each for each in recoveries if each and each["rung"] in ABOVE and each["phase"] in {"acting", "verifying"}]
        flying = [each for each in flying if each["permit"] and not each["manual"] and not each["observed"]]
        found[name] = 1 if whole in flying else len({each["permit"] for each in flying})
    per_home: Counter[str] = Counter()
    for name, number in found.items():
        per_home[homes.get(name, "")] += number
    return Crowd(at, dict(found), dict(per_home))
