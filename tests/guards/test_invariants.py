"""What must hold whatever happens (policy.md sections 5 and 9): random standings, requests, recoveries, leavings and times."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pcloud.model.guards import AssemblyStanding, Standing
from pcloud.model.words import Rung
from tests.guards.judge import Id, Judge

NAMES = [f"d{index}" for index in range(14)]
ABOVE = [Rung.REBOOT, Rung.RELAUNCH, Rung.RELAUNCH_DEPLOYABLE]
PATIENCE = 40  # hours of virtual time in which everybody must have had a turn
HOMES = st.sampled_from([("cloud", "z"), ("cloud", "z"), ("cloud", "y"), ("other", "z")])


class GuardsMachine(RuleBasedStateMachine):
    """Plays the DPEs: what is granted is used, or not; what is used ends, or not."""

    def __init__(self) -> None:
        super().__init__()
        self.judge = Judge()
        self.serial = 0
        self.judge.add(*NAMES[:7])  # storms need a crowd

    @property
    def there(self) -> list[str]:
        return sorted(self.judge.standings)

    def pick(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.there))

    @rule(names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=8, unique=True), homes=st.lists(HOMES, min_size=1, max_size=2))
    def join(self, names: list[str], homes: list[tuple[str, str]]) -> None:
        for name in names:
            if name not in self.judge.standings:
                there = tuple(AssemblyStanding("ab"[index], *home) for index, home in enumerate(homes))
                self.judge.stand(Standing(name, there))

    @precondition(lambda self: self.there)
    @rule(data=st.data(), silent=st.booleans(), outside=st.booleans())
    def ail(self, data: st.DataObject, silent: bool, outside: bool) -> None:
        for name in data.draw(st.lists(st.sampled_from(self.there), min_size=1, max_size=9)):
            self.judge.change(name, unhealthy=True, silent=silent, active=silent, outside=outside, outside_failing=outside)

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def heal(self, data: st.DataObject) -> None:
        self.judge.heal(*data.draw(st.lists(st.sampled_from(self.there), min_size=1, max_size=20)))

    @precondition(lambda self: self.there)
    @rule(data=st.data(), rung=st.sampled_from([Rung.RESTART, *ABOVE, Rung.REBOOT]), condemned=st.booleans(), times=st.integers(1, 7))
    def ask(self, data: st.DataObject, rung: Rung, condemned: bool, times: int) -> None:
        for _ in range(times):
            self.serial += 1
            name = self.pick(data)
            self.judge.ask(name, rung, permit=f"p{self.serial}", condemned=condemned)

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def ask_for_many_restarts(self, data: st.DataObject) -> None:
        name = self.pick(data)
        for _ in range(30):
            self.serial += 1
            self.judge.ask(name, Rung.RESTART, permit=f"p{self.serial}")

    @precondition(lambda self: self.judge.asked)
    @rule(data=st.data(), condemned=st.booleans())
    def ask_again(self, data: st.DataObject, condemned: bool) -> None:
        request = self.judge.asked[data.draw(st.sampled_from(sorted(self.judge.asked)))]
        self.judge.ask(request.deployable, request.rung, permit=request.permit, condemned=condemned)

    @precondition(lambda self: self.judge.granted)
    @rule(data=st.data())
    def ask_again_what_is_granted(self, data: st.DataObject) -> None:
        _, request = self.judge.granted[data.draw(st.sampled_from(sorted(self.judge.granted)))]
        before = self.judge.answer(request.permit)
        self.judge.ask(request.deployable, request.rung, permit=request.permit, condemned=request.condemned)
        assert self.judge.answer(request.permit) == before

    @precondition(lambda self: self.judge.granted)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.use(data.draw(st.sampled_from(sorted(self.judge.granted))))

    def use(self, key: Id) -> None:
        judge, (name, permit) = self.judge, key
        _, request = judge.granted[key]
        old = judge.standings[name]
        if request.rung is Rung.RESTART:
            judge.change(name, "a", restarts=(*old.assemblies[0].restarts, permit))
            return
        only = "ab" if request.rung is Rung.RELAUNCH_DEPLOYABLE else "a"
        if request.rung is not Rung.REBOOT:
            judge.relaunches += [(judge.at, each.infrastructure, name) for each in old.assemblies if each.assembly in only]
        judge.change(name, only, rung=request.rung, permit=permit)

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def by_hand(self, data: st.DataObject) -> None:
        name = self.pick(data)
        if not self.judge.flights_of(name):
            self.judge.by_hand(name)

    @precondition(lambda self: self.there)
    @rule(data=st.data(), verified=st.booleans())
    def end(self, data: st.DataObject, verified: bool) -> None:
        flying = [name for name in self.there if any(each.rung for each in self.judge.standings[name].assemblies)]
        if flying:
            self.judge.end(data.draw(st.sampled_from(flying)), verified=verified)

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def end_restarts(self, data: st.DataObject) -> None:
        self.judge.restart(self.pick(data))

    @precondition(lambda self: self.judge.asked or self.judge.granted)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        self.judge.give_back(*data.draw(st.sampled_from(sorted((*self.judge.asked, *self.judge.granted)))))

    @precondition(lambda self: self.there)
    @rule(data=st.data(), gone=st.integers(0, 5).map(lambda each: each == 0))
    def attend_or_leave(self, data: st.DataObject, gone: bool) -> None:
        if gone:
            self.judge.leave(self.pick(data))
        else:
            self.judge.attend(self.pick(data))

    @rule(seconds=st.sampled_from([0.5, 4.0, 9.5, 10.0, 30.0, 60.0, 115.0, 119.0, 120.0, 301.0]))
    def wait(self, seconds: float) -> None:
        self.judge.advance(seconds)

    @invariant()
    def no_permit_outlives_its_ten_seconds_unused(self) -> None:
        for name in self.there:
            ward = self.judge.state.wards.get(name)
            assert ward is not None
            for permit, held in ward.permits.items():
                assert held.used or self.judge.at <= held.at + 10.0, permit

    def teardown(self) -> None:
        """When faults stop, everybody who waits gets a turn."""
        judge = self.judge
        for name in self.there:
            judge.change(name, rung=None, permit="", restarts=())
        judge.heal(*self.there)
        for _ in range(PATIENCE * 60):
            for key in list(judge.granted):
                self.use(key)
            judge.advance(60)
            for name in self.there:
                if any(each.rung for each in judge.standings[name].assemblies):
                    judge.end(name, verified=True)
                if any(each.restarts for each in judge.standings[name].assemblies):
                    judge.restart(name)
            if not judge.asked:
                break
        assert not judge.asked


GuardsMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
TestGuards = GuardsMachine.TestCase
