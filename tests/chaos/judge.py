"""The judge: what went wrong in one world, by evidence alone. It never asks the controller how it is.

Rules (policy.md sections 5, 6 and 9): each function is one rule, and returns a finding for each time that it was broken; each has a test in
which it finds something. A cause is open from the beginning of a fault until its target is whole again, and then for ``LAG``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tests.chaos.applications import SCALE, Application
from tests.chaos.evidence import Evidence, Line, Struck, Told
from tests.chaos.kinds import BY_NAME, Harm

LAG = SCALE.silence + 3 * (SCALE.interval + SCALE.timeout)
"""Seconds for which what is over may still be judged: a silence, and the misses of a probe before its next pass."""

PER_DEPLOYABLE, PER_INFRASTRUCTURE, RELAUNCHES, MINUTE = 1, 5, 6, 60.0  # policy.md section 5
KEEP_FAILED = 1  # section 6
LATE_TWIN = 60.0
"""Seconds within which a machine that the infrastructure made twice must be off: it is looked for in lists, once the API answers."""


LOOK = 2.0
"""Seconds: a fault that is over at once is seen by the eye's next look."""
STAMPED = 2.0
"""Seconds by which two lines may seem nearer than they were: the store was looked at, or could be read, later."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be: which rule, when, about what, and all that is known of it."""

    rule: str
    at: float
    target: str
    text: str
    faults: tuple[str, ...] = ()
    record: str = ""


class Judge:
    """Judges the evidence of one world. ``generations``: whether the world has them; the twin's machines have none that mean anything."""

    def __init__(self, evidence: Evidence, applications: tuple[Application, ...]) -> None:
        self._evidence = evidence
        self._applications = {each.name: each for each in applications}

    def findings(self) -> list[Finding]:
        """All of them, in order."""
        rules = (
            self.two_generations, self.late_twins, self.paused, self.caps, self.lost, self.unfounded, self.deaths, self.unrecovered,
            self.kept, self.strays, self.volumes,
        )  # fmt: skip
        return sorted((finding for rule in rules for finding in rule()), key=lambda each: each.at)

    # two generations

    def two_generations(self) -> Iterator[Finding]:
        """Never two live generations of one assembly."""
        for double in self._evidence.doubles:
            if len(set(double.generations)) > 1:
                words = f"generations {', '.join(map(str, double.generations))} ran at once for {double.ended - double.began:.1f} s"
                yield Finding("two generations", double.began, double.target, words, self.on(double.began))

    def late_twins(self) -> Iterator[Finding]:
        """Two of the same generation: the infrastructure's doing, and off again soon; else nobody's excuse."""
        for double in self._evidence.doubles:
            if len(set(double.generations)) > 1:
                continue
            home = self._applications[double.target.split("/")[0]].infrastructure
            ambiguous = [
                each
                for each in self._evidence.struck
                if each.fault.kind in {"api-twice", "api-lost", "api-500", "api-503"}
                and home in each.fault.targets
                and each.began <= double.began + 1
            ]
            over = max([double.began, *(each.ended for each in self._evidence.struck if each.began <= double.ended)])
            if not ambiguous:
                yield Finding(
                    "two of a generation", double.began, double.target, "nothing made it twice but the controller", self.on(double.began)
                )
            elif double.ended - over > LATE_TWIN:
                words = f"a twin was left running for {double.ended - double.began:.0f} s"
                yield Finding("twin not stopped", double.began, double.target, words, self.on(double.began))

    # pauses and caps

    def paused(self) -> Iterator[Finding]:
        """No recovery is decided or begun between the lines of a pause and of its end."""
        for told in self._evidence.told:
            begin = self.line_of(told) if told.what == "paused" else None
            if begin is None:
                continue  # which is a lost record
            mine = [line for line in self._evidence.lines if line.deployable == told.deployable and line.seq > begin.seq]
            end = next((line.seq for line in mine if line.kind == "resumed" and line.reason.startswith("the pause is over")), math.inf)
            for line in mine:
                if line.seq < end and (line.acts or line.kind == "granted"):
                    what = f"{line.acts} was decided" if line.acts else "a recovery was begun"
                    yield self.finding("acted while paused", line, f"{what}, paused since {begin.stamp:.1f} ({told.mark})")

    def line_of(self, told: Told) -> Line | None:
        """The line of the journal that shows what a client was told."""
        lines = self._evidence.lines
        return next((each for each in lines if each.deployable == told.deployable and told.mark and told.mark in each.reason), None)

    def caps(self) -> Iterator[Finding]:
        """In flight one for each deployable and five for each infrastructure; six relaunches a minute."""
        yield from self.crowded()
        granted: defaultdict[str, list[Line]] = defaultdict(list)
        begun = {line.decision: line.acts for line in self._evidence.lines if line.acts}
        for line in self._evidence.lines:
            if line.kind == "granted" and begun.get(line.decision) == "relaunch":
                granted[self._applications[line.deployable].infrastructure].append(line)
        for name, lines in granted.items():
            for first, last in zip(lines, lines[RELAUNCHES:], strict=False):
                if last.stamp - first.stamp < MINUTE - STAMPED:
                    words = f"{RELAUNCHES + 1} relaunches within {last.stamp - first.stamp:.1f} s"
                    yield Finding("cap", last.stamp, name, words, self.on(last.stamp))

    def crowded(self) -> Iterator[Finding]:
        """One finding for each time that there are too many, however long that lasts."""
        over: set[str] = set()
        for crowd in self._evidence.crowds:
            for counts, most in ((crowd.deployables, PER_DEPLOYABLE), (crowd.infrastructures, PER_INFRASTRUCTURE)):
                for name, number in counts.items():
                    if number > most and name not in over:
                        yield Finding("cap", crowd.at, name, f"{number} recoveries in flight, at most {most}", self.on(crowd.at))
                    (over.add if number > most else over.discard)(name)

    # records

    def lost(self) -> Iterator[Finding]:
        """What a client was told is done, or was shown, is in the store at the end."""
        seen = {line.seq: line.target for line in self._evidence.lines}
        for told in self._evidence.told:
            if told.what == "created" and told.deployable not in self._evidence.stored:
                yield Finding("lost record", told.answered, told.deployable, "its creation was acknowledged, and it is not there")
            elif told.what != "created" and self.line_of(told) is None:
                yield Finding(
                    "lost record", told.answered, told.deployable, f"{told.what} was acknowledged ({told.mark}), and is not there"
                )
        for seq, target in self._evidence.shown.items():
            if seen.get(seq) != target:
                yield Finding("lost record", 0.0, target, f"event {seq} was shown, and the store has {seen.get(seq)} there")

    # wrong actions

    def unfounded(self) -> Iterator[Finding]:
        """Each recovery that began has a cause that touches its target, or what it depends on, or the whole.

        What was decided and never began, because a guard held it until the machine answered, touched nobody.
        """
        decided = {line.decision: line for line in self._evidence.lines if line.acts and line.deployable in self._applications}
        for line in self._evidence.lines:
            why = decided.get(line.decision) if line.kind == "granted" else None
            if why is None or self.has_cause(line.deployable, line.assembly, why.stamp):
                continue
            if why.acts != "restart" or not self.asks_in_vain(line.deployable, line.assembly, why.stamp):
                yield self.finding("healthy machine touched", why, f"{why.acts}: {why.reason}")

    def has_cause(self, deployable: str, assembly: str, at: float, *, anything: bool = True) -> bool:
        """Whether anything touches that machine, or what it comes after; with no assembly, any machine of the whole.

        Not ``anything``: faults alone. What somebody has broken by himself is no cause of his.
        """
        application = self._applications[deployable]
        every = [part.name for part in application.parts]
        for name in application.below(assembly) if assembly else every:
            target = f"{deployable}/{name}"
            if anything and self.was_broken(target, at):
                return True
            for struck in self._evidence.struck:
                if target in struck.fault.targets and not struck.missed and self.is_open(struck, target, at):
                    harm = BY_NAME[struck.fault.kind].harm
                    if harm is Harm.REAL or (harm is Harm.BLIND and self.alone(deployable, name, at)):
                        return True
        return False

    def asks_in_vain(self, deployable: str, assembly: str, at: float) -> bool:
        """Whether its page may fail because what it asks another machine for is lost on the way: no more than a restart comes of that."""
        asks = len(self._applications[deployable].below(assembly)) > 1
        return asks and any(BY_NAME[each.fault.kind].between and each.began <= at <= each.ended + LAG for each in self._evidence.struck)

    def was_broken(self, target: str, at: float) -> bool:
        """Whether its processes say that it was not whole before: whatever struck it, it is no healthy machine.

        For a while, so that what breaks it by acting on it is not excused by that.
        """
        return any(since + LOOK <= at <= to + LAG for since, to in self._evidence.broken.get(target, ()))

    def is_open(self, struck: Struck, target: str, at: float) -> bool:
        """Whether a fault can still be the reason of something."""
        return struck.began <= at <= self.healed(struck, target) + LAG

    def healed(self, struck: Struck, target: str) -> float:
        """When its target was whole again, by its processes: what was broken when the fault ended, or broke just then."""
        until = struck.ended
        for since, to in self._evidence.broken.get(target, ()):
            if since <= until + LOOK and to > until:
                until = to
        return until

    def alone(self, deployable: str, assembly: str, at: float) -> bool:
        """Whether no peer could say that a machine lives: each of them is under something itself."""
        peers = [part.name for part in self._applications[deployable].parts if part.name != assembly]
        return all(self.troubled(f"{deployable}/{name}", at) for name in peers)

    def troubled(self, target: str, at: float) -> bool:
        touching = (each for each in self._evidence.struck if target in each.fault.targets and not each.missed)
        return any(BY_NAME[each.fault.kind].harm is not Harm.NONE and self.is_open(each, target, at) for each in touching)

    # the end

    def deaths(self) -> Iterator[Finding]:
        """Nothing crashes the controller."""
        for at, words in self._evidence.deaths:
            yield Finding("died by itself", at, "controller", words, self.on(at))

    def unrecovered(self) -> Iterator[Finding]:
        for target, words in self._evidence.unrecovered.items():
            if not fenced(words):
                yield Finding("unrecovered", math.inf, target, words)

    def kept(self) -> Iterator[Finding]:
        """Every machine is known; of those that failed the newest alone is kept (policy.md section 6), beside twins for a day.

        What has not settled may be in the middle of a launch or of a fence; that it has not is its own finding.
        """
        for target, stock in self._evidence.stocks.items():
            if target.partition("/")[0] in self._evidence.unrecovered:
                continue
            if unknown := sorted(stock.there - stock.known):
                yield Finding("stray", math.inf, target, f"nobody knows of {', '.join(unknown)}")
            if len(failed := sorted(stock.failed & stock.there)) > KEEP_FAILED:
                yield Finding("stray", math.inf, target, f"too many are kept that failed: {', '.join(failed)}")

    def strays(self) -> Iterator[Finding]:
        for words in self._evidence.strays:
            yield Finding("stray", math.inf, "", words)

    def volumes(self) -> Iterator[Finding]:
        for words in self._evidence.backwards:
            yield Finding("volume", math.inf, "", words)

    # telling

    def finding(self, rule: str, line: Line, text: str) -> Finding:
        return Finding(rule, line.stamp, line.target, text, self.on(line.stamp), f"{line.seq}: {dict(line.record or {})}")

    def on(self, at: float) -> tuple[str, ...]:
        """The faults that were on then."""
        return tuple(str(each.fault) for each in self._evidence.struck if each.began <= at <= each.ended + LAG)


def fenced(words: str) -> bool:
    """What policy.md section 6 demands: nothing is done until somebody says that it is dead."""
    return words.startswith("blocked") and "fence: " in words
