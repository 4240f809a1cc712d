"""The controller's guards in a storm: 4,000 of 10,000 assemblies go silent at once, and are recovered within the caps."""

from __future__ import annotations

import gc
import heapq
import sys
import time
from dataclasses import replace
from enum import Enum
from itertools import count
from types import FunctionType, ModuleType

from cpe.policy.limits import PER_DEPLOYABLE, PER_INFRASTRUCTURE, RELAUNCHES, most_unhealthy
from cpe.policy.oversee import oversee
from cpe.policy.state import Oversight
from cpe.policy.words import Asked, Fact, Notice, Stood, Ticked, Told
from pcloud.model.guards import AssemblyStanding, PermitAnswer, PermitRequest, Standing
from pcloud.model.words import Rung

DEPLOYABLES = 5_000
MACHINES = "ab"
SILENT = 4_000
VERIFIED_AFTER = 120.0  # seconds that a recovery takes
COME_BACK_AT = 900.0  # seconds after which 600 machines of the zone in the storm answer again
FOREVER = float("inf")
SAMPLE = 50  # recounts of the peer that are measured

PLACES = [("blue", "a"), ("blue", "b"), ("green", "a"), ("green", "b")]
SHARES = [0.6, 0.35, 0.33, 0.32]  # of each place's machines that go silent: 4,000 in all


class Storm:
    """Plays all DPEs. ``later`` are the ends of recoveries, by time."""

    def __init__(self) -> None:
        self.state = Oversight()
        self.standings: dict[str, Standing] = {}
        self.at = 0.0
        self.spent: list[float] = []
        self.words: list[Told | Notice] = []
        self.later: list[tuple[float, int, str, str]] = []
        self.serial = count(1)
        self.begun: list[tuple[float, str]] = []
        self.most = {"infrastructure": 0, "deployable": 0, "relaunches": 0}
        self.bytes = 0

    def feed(self, fact: Fact) -> None:
        began = time.process_time()
        self.state, words, _ = oversee(self.state, fact)
        self.spent.append(time.process_time() - began)
        for word in words:
            if isinstance(word, Notice):
                self.words.append(word)
            elif isinstance(word.word, PermitAnswer) and word.word.granted:
                self.later.append((self.at, -next(self.serial), word.deployable, word.word.permit))
                heapq.heapify(self.later)

    def stand(self, name: str, machine: str, **fields: object) -> None:
        old = self.standings[name]
        outcome = fields.pop("outcome", old.outcome)
        there = tuple(replace(each, **fields) if each.assembly == machine else each for each in old.assemblies)
        self.standings[name] = Standing(name, there, outcome)
        self.feed(Stood(self.at, self.standings[name]))
        self.watch(name)

    def watch(self, name: str) -> None:
        """The highest figures that there ever are, counted from the standings."""
        for infrastructure, region in self.state.regions.items():
            self.most["infrastructure"] = max(self.most["infrastructure"], len(region.flights))
            lately = [at for at, where in self.begun if where == infrastructure and self.at < at + 60.0]
            self.most["relaunches"] = max(self.most["relaunches"], len(lately))
        own = {each.permit for each in self.standings[name].assemblies if each.rung is not None}
        self.most["deployable"] = max(self.most["deployable"], len(own))

    def build(self) -> None:
        for index in range(DEPLOYABLES):
            infrastructure, zone = PLACES[index % len(PLACES)]
            there = tuple(AssemblyStanding(each, infrastructure, zone, answers=True, outside=index % 10 == 0) for each in MACHINES)
            self.standings[f"d{index}"] = Standing(f"d{index}", there)
            self.feed(Stood(self.at, self.standings[f"d{index}"]))

    def victims(self) -> list[tuple[str, str]]:
        """4,000 machines, spread over the places by their shares."""
        found = []
        for place, share in enumerate(SHARES):
            there = [(f"d{index}", machine) for machine in MACHINES for index in range(place, DEPLOYABLES, len(PLACES))]
            found += there[: round(share * len(there))]
        return found[:SILENT]

    def ask(self, name: str, machine: str) -> None:
        at = self.standings[name].assemblies[0]
        number = next(self.serial)
        rung = Rung.RELAUNCH if number % 4 == 0 else Rung.REBOOT
        self.feed(Asked(self.at, PermitRequest(f"{name}/{machine}/{number}/{rung}", name, machine, at.infrastructure, rung, at.zone)))

    def play(self) -> None:
        """Until nobody waits any more."""
        back = self.victims()[:600]
        self.bytes = size(self.state)
        while self.later or back or self.state.queues:
            due = min(self.later[0][0] if self.later else FOREVER, COME_BACK_AT if back else FOREVER)
            if self.state.wake_at is not None and self.state.wake_at <= due:
                self.at = max(self.at, self.state.wake_at)
                self.feed(Ticked(self.at))
            elif back and due == COME_BACK_AT:
                self.at = due
                for name, machine in back:
                    self.stand(name, machine, unhealthy=False, silent=False, answers=True)
                back = []
            else:
                self.at, kind, name, permit = heapq.heappop(self.later)
                self.go_on(name, permit, granted=kind < 0)

    def go_on(self, name: str, permit: str, *, granted: bool) -> None:
        """What was granted begins; what has begun ends."""
        machine, number, rung = permit.split("/")[1:]
        if granted:
            if rung == Rung.RELAUNCH:
                self.begun = [*self.begun[-50:], (self.at, self.standings[name].assemblies[0].infrastructure)]
            self.stand(name, machine, rung=Rung(rung), permit=permit)
            heapq.heappush(self.later, (self.at + VERIFIED_AFTER, next(self.serial), name, permit))
            return
        verified = int(number) % 50 != 0
        if verified:
            self.stand(name, machine, rung=None, permit="", unhealthy=False, silent=False, answers=True, outcome=(permit, True))
        else:
            self.stand(name, machine, rung=None, permit="", outcome=(permit, False))
            self.ask(name, machine)


def recount(standings: dict[str, Standing]) -> tuple[dict[tuple[str, str], bool], dict[str, int]]:
    """The peer: what the guards must know, counted over all assemblies."""
    counts: dict[tuple[str, str], list[int]] = {}
    flights: dict[str, dict[tuple[str, str], None]] = {}
    for name, standing in standings.items():
        for each in standing.assemblies:
            found = counts.setdefault((each.infrastructure, each.zone), [0, 0, 0])
            found[0] += 1
            found[1] += each.unhealthy
            found[2] += each.silent and each.active
            if each.rung is not None:
                flights.setdefault(each.infrastructure, {})[name, each.permit] = None
    storms = {place: unhealthy > most_unhealthy(all_of_it) for place, (all_of_it, unhealthy, _) in counts.items()}
    return storms, {infrastructure: len(found) for infrastructure, found in flights.items()}


def size(thing: object) -> int:
    """Bytes of all that can be reached from it and is no code."""
    seen: dict[int, object] = {}
    stack = [thing]
    while stack:
        each = stack.pop()
        if id(each) not in seen and not isinstance(each, type | ModuleType | FunctionType | Enum):
            seen[id(each)] = each
            stack += gc.get_referents(each)
    return sum(sys.getsizeof(each) for each in seen.values())


def row(operation: str, ours: str, peer: str = "", ratio: str = "") -> None:
    print(f"{operation:<58} {ours:>16} {peer:>12} {ratio:>8}")


def main() -> None:
    storm = Storm()
    storm.build()
    built, storm.spent = storm.spent, []
    storm.at = 10.0
    for name, machine in storm.victims():
        storm.stand(name, machine, unhealthy=True, silent=True, active=True, answers=False)
    fell, storm.spent = storm.spent, []
    storm.at = 70.0
    for name, machine in storm.victims():
        storm.ask(name, machine)
    asked, storm.spent = storm.spent, []
    storm.play()
    played = storm.spent
    began = time.process_time()
    for _ in range(SAMPLE):
        recount(storm.standings)
    peer = (time.process_time() - began) / SAMPLE
    everything = [*built, *fell, *asked, *played]
    report(storm, {"first standing of a deployable": built, "standing of a machine that fell silent": fell,
                   "request in the storm": asked, "any fact until all are well": played, "all of it": everything}, peer)  # fmt: skip


def report(storm: Storm, parts: dict[str, list[float]], peer: float) -> None:
    row("operation", "ours", "peer", "ratio")
    for name, spent in parts.items():
        mean = sum(spent) / len(spent)
        row(f"{name}, µs", f"{mean * 1e6:.1f}", f"{peer * 1e6:.0f}", f"{peer / mean:.0f}x")
    everything = parts["all of it"]
    row(
        "decisions a second",
        f"{len(everything) / sum(everything):,.0f}",
        f"{1 / peer:,.0f}",
        f"{len(everything) / sum(everything) * peer:.0f}x",
    )
    row("the longest decision (all who wait hear of another guard), ms", f"{max(everything) * 1e3:.1f}")
    row("decisions", f"{len(everything):,}")
    row("bytes of the guards' state, a machine", f"{storm.bytes / (DEPLOYABLES * len(MACHINES)):,.0f}")
    row("bytes of the guards' state, all", f"{storm.bytes:,}")
    most = storm.most
    row("most in flight on an infrastructure", str(most["infrastructure"]), f"{PER_INFRASTRUCTURE} allowed")
    row("most in flight in a deployable", str(most["deployable"]), f"{PER_DEPLOYABLE} allowed")
    row("most relaunches in a minute on an infrastructure", str(most["relaunches"]), f"{RELAUNCHES} allowed")
    kept = most["infrastructure"] <= PER_INFRASTRUCTURE and most["deployable"] <= PER_DEPLOYABLE and most["relaunches"] <= RELAUNCHES
    well = not any(each.unhealthy for standing in storm.standings.values() for each in standing.assemblies)
    row("caps kept", "yes" if kept else "NO")
    row("all are well in the end", f"yes, after {storm.at / 3600:.1f} h" if well else "NO")
    for word in storm.words:
        print(f"  {word.kind}{', alert' if word.alert else ''}: {word.infrastructure} {word.zone}: {word.numbers}")
    if not (kept and well):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
