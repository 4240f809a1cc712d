"""A controller's guards with deployables before them, in virtual time: what the tests of this folder play with.

Every deployable stands on one machine ``a`` unless it is given more; a recovery's permit is called like the deployable unless said.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

from cpe.policy.oversee import oversee
from cpe.policy.state import Oversight
from cpe.policy.words import Asked, Attended, Fact, Gathered, Gathering, GivenBack, Left, Notice, Notices, Stood, Ticked, Told
from pcloud.model.guards import AssemblyStanding, GuardVerdict, GuardWord, OutsideDoubt, PermitAnswer, PermitRequest, Relaunched, Standing
from pcloud.model.words import Guard, Rung

SICK = {"unhealthy": True, "silent": True, "active": True}
WELL = {"unhealthy": False, "silent": False, "active": False}


class Scene:
    """``log`` is all that was said so far, with its moment."""

    def __init__(self) -> None:
        self.state = Oversight()
        self.at = 1000.0
        self.log: list[tuple[float, Told | Notice]] = []
        self.last: dict[str, PermitAnswer] = {}  # the last answer to each request: the log is long
        self.trace: list[Fact] = []
        self.standings: dict[str, Standing] = {}
        self.decisions = count(1)

    def feed(self, fact: Fact) -> list[Told | Notice]:
        """One fact; what was said upon it."""
        self.trace.append(fact)
        self.state, words, wake = oversee(self.state, fact)
        assert wake == self.state.wake_at
        assert wake is None or wake > fact.at, f"woken for nothing after {fact}"
        self.log += [(fact.at, word) for word in words]
        for word in words:
            if isinstance(word, Told) and isinstance(word.word, PermitAnswer):
                self.last[word.word.permit] = word.word
        return list(words)

    def advance(self, seconds: float) -> None:
        """Let time pass, as its one timer has it."""
        end = self.at + seconds
        while self.state.wake_at is not None and self.state.wake_at <= end:
            self.at = self.state.wake_at
            self.feed(Ticked(self.at))
        self.at = end

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """The daemon has just started, and takes them up one after the other."""
        self.feed(Gathering(self.at))
        yield
        self.feed(Gathered(self.at))

    # how deployables stand

    def add(self, *names: str, zone: str = "z", infrastructure: str = "cloud", machines: str = "a") -> None:
        """Deployables that are well, each with these machines (one a letter)."""
        for name in names:
            there = tuple(AssemblyStanding(each, infrastructure, zone, answers=True) for each in machines)
            self.stand(Standing(name, there, self.standings[name].outcome if name in self.standings else None))

    def many(self, number: int, **where: str) -> list[str]:
        """So many of them, d0, d1 …"""
        names = [f"d{index}" for index in range(number)]
        self.add(*names, **where)
        return names

    def stand(self, standing: Standing) -> None:
        self.standings[standing.deployable] = standing
        self.feed(Stood(self.at, standing))

    def change(self, name: str, only: str = "", **fields: object) -> None:
        """All machines of a deployable, or some, stand otherwise."""
        old = self.standings[name]
        there = tuple(replace(each, **fields) if not only or each.assembly in only else each for each in old.assemblies)  # type: ignore[arg-type]
        self.stand(replace(old, assemblies=there))

    def ail(self, *names: str, **fields: object) -> None:
        for name in names:
            self.change(name, **{"unhealthy": True, **fields})

    def heal(self, *names: str) -> None:
        for name in names:
            self.change(name, unhealthy=False, silent=False, outside_failing=False)

    def leave(self, name: str) -> None:
        del self.standings[name]
        self.feed(Left(self.at, name))

    # recoveries

    def request(self, name: str, rung: Rung, permit: str, assembly: str, *, condemned: bool) -> PermitRequest:
        there = next((each for each in self.standings[name].assemblies if each.assembly == assembly), None)
        infrastructure, zone = (there.infrastructure, there.zone) if there else ("cloud", "z")
        return PermitRequest(permit or name, name, assembly, infrastructure, rung, zone, condemned)

    def ask(self, name: str, rung: Rung = Rung.REBOOT, *, permit: str = "", assembly: str = "a", condemned: bool = False) -> Guard | None:
        """Ask; returns the guard that holds, None if it is granted."""
        self.feed(Asked(self.at, self.request(name, rung, permit, assembly, condemned=condemned)))
        return self.held(permit or name)

    def ask_early(self, name: str) -> None:
        """Ask while nobody is answered."""
        self.feed(Asked(self.at, self.request(name, Rung.REBOOT, "", "a", condemned=False)))

    def begin(self, name: str, rung: Rung = Rung.REBOOT, *, permit: str = "", only: str = "a") -> None:
        """Its action has begun."""
        self.change(name, only, rung=rung, permit=permit or name)

    def by_hand(self, name: str, rung: Rung = Rung.REBOOT) -> None:
        """An operator's own."""
        self.change(name, "a", rung=rung, permit="")

    def restart(self, name: str, *permits: str) -> None:
        """These restarts are under way."""
        self.change(name, "a", restarts=permits)

    def end(self, name: str, *, verified: bool) -> None:
        """Its recovery has ended."""
        old = self.standings[name]
        there = tuple(replace(each, rung=None, permit="", unhealthy=each.unhealthy and not verified) for each in old.assemblies)
        self.stand(Standing(name, there, (f"{name}.{next(self.decisions)}", verified)))

    def recover(self, name: str, *, verified: bool, rung: Rung = Rung.REBOOT) -> None:
        """All of one recovery, which is let through."""
        permit = f"{name}#{next(self.decisions)}"
        assert self.ask(name, rung, permit=permit) is None
        self.begin(name, rung, permit=permit)
        self.advance(30)
        self.end(name, verified=verified)

    def give_back(self, name: str, permit: str = "") -> None:
        self.feed(GivenBack(self.at, name, permit or name))

    def attend(self, name: str, *relaunched: Relaunched) -> None:
        self.feed(Attended(self.at, name, relaunched))

    # what was said

    def told(self, name: str = "") -> list[GuardWord]:
        """All words to one deployable, or to all."""
        return [word.word for _, word in self.log if isinstance(word, Told) and name in {"", word.deployable}]

    def answers(self, permit: str) -> list[PermitAnswer]:
        return [word for word in self.told() if isinstance(word, PermitAnswer) and word.permit == permit]

    def answer(self, permit: str) -> PermitAnswer:
        return self.last[permit]

    def held(self, permit: str) -> Guard | None:
        """By its last answer."""
        last = self.answer(permit)
        return None if last.granted else last.guards[-1].guard

    def verdict(self, permit: str, guard: Guard) -> GuardVerdict:
        return next(each for each in self.answer(permit).guards if each.guard is guard)

    def notices(self, kind: Notices | None = None) -> list[Notice]:
        return [word for _, word in self.log if isinstance(word, Notice) and kind in {None, word.kind}]

    def doubts(self, name: str) -> list[bool]:
        return [word.doubted for word in self.told(name) if isinstance(word, OutsideDoubt)]
