"""Counts again, from the standings alone and simply, what the guards count as they go; and judges each of their words by it."""

from __future__ import annotations

from cpe.policy.words import Asked, Attended, Fact, GivenBack, Left, Notice, Notices, Told
from pcloud.model.guards import AssemblyStanding, PermitAnswer, PermitRequest
from pcloud.model.words import Guard, Rung
from tests.guards.scene import Scene

Id = tuple[str, str]


class Judge(Scene):
    """``granted`` are permits that nobody has used yet, ``asked`` what is held; ``calm`` is since when a zone's storm or freeze is over."""

    def __init__(self) -> None:
        super().__init__()
        self.granted: dict[Id, tuple[float, PermitRequest]] = {}
        self.asked: dict[Id, PermitRequest] = {}
        self.over: dict[tuple[str, str, Guard], float | None] = {}
        self.frozen: dict[str, bool] = {}
        self.relaunches: list[tuple[float, str, str]] = []  # when, infrastructure, deployable

    def feed(self, fact: Fact) -> list[Told | Notice]:
        self.take_in(fact)
        words = super().feed(fact)
        for word in words:
            self.judge(fact, word)
        self.check_counts()
        self.check_held()
        return words

    def take_in(self, fact: Fact) -> None:
        match fact:
            case Asked(request=request):
                key = (request.deployable, request.permit)
                if key not in self.granted and request.permit not in self.in_use(request.deployable):
                    self.asked[key] = request
            case GivenBack(deployable=name, permit=permit):
                self.drop((name, permit))
            case Attended(deployable=name) | Left(deployable=name):
                for key in [each for each in (*self.asked, *self.granted) if each[0] == name]:
                    self.drop(key)
            case _:
                pass
        for key, (at, _) in list(self.granted.items()):
            if key[1] in self.in_use(key[0]) or fact.at >= at + 10.0:
                del self.granted[key]
        self.follow_places(fact.at)

    def drop(self, key: Id) -> None:
        self.asked.pop(key, None)
        self.granted.pop(key, None)

    def judge(self, fact: Fact, word: Told | Notice) -> None:
        match word:
            case Told(deployable=name, word=PermitAnswer(permit=permit, granted=True) as answer):
                assert all(each.passed for each in answer.guards)
                if (name, permit) in self.asked:
                    request = self.asked.pop((name, permit))
                    self.check_grant(fact.at, request)
                    self.granted[name, permit] = (fact.at, request)
                else:
                    assert (name, permit) in self.granted or permit in self.in_use(name), "granted what nobody waits for"
                    assert isinstance(fact, Asked), "granted twice"
            case Told(deployable=name, word=PermitAnswer(permit=permit) as answer):
                assert (name, permit) in self.asked, "held what nobody waits for"
                assert not answer.guards[-1].passed
            case Notice(guard=Guard.UNVERIFIED, kind=kind, infrastructure=infrastructure):
                self.frozen[infrastructure] = kind is Notices.FROZEN
            case _:
                pass

    def check_grant(self, at: float, request: PermitRequest) -> None:
        """Nothing that is not allowed is granted."""
        where = request.infrastructure
        if request.rung is Rung.RESTART:
            assert len(self.restarts(where)) < 50
            return
        flights = self.flights(where)
        assert not self.flights_of(request.deployable)
        assert len(flights) < 5
        if request.rung.height >= Rung.RELAUNCH.height:
            assert self.relaunched(where, at) < 6
        if request.condemned:
            return
        for place, guard in self.places_of(request):
            assert not self.place_holds(*place, guard, at)
        assert not (self.frozen.get(where) and flights), "not tried alone"
        if len(self.group(where, request.zone)) < 5:
            assert not [key for key in flights if request.zone in self.zones(key, where)]

    def places_of(self, request: PermitRequest) -> list[tuple[tuple[str, str], Guard]]:
        there = [(request.infrastructure, request.zone)]
        if request.rung is Rung.RELAUNCH_DEPLOYABLE and request.deployable in self.standings:
            there += [(each.infrastructure, each.zone) for each in self.standings[request.deployable].assemblies]
        return [(place, guard) for place in there for guard in (Guard.STORM, Guard.ALL_SILENT)]

    def check_counts(self) -> None:
        places = {(each.infrastructure, each.zone) for each in self.assemblies()}
        for infrastructure, zone in sorted(places):
            group = self.group(infrastructure, zone)
            counted = self.state.groups[infrastructure, zone]  # type: ignore[index]
            assert counted.assemblies == len(group)
            assert counted.unhealthy == sum(each.unhealthy for each in group)
            assert counted.mute == sum(each.silent and each.active for each in group)
        for name, region in self.state.regions.items():
            assert {(each.deployable, each.recovery) for each in region.flights} == self.flights(name)
            assert {(each.deployable, each.recovery) for each in region.restarts} == self.restarts(name)
        assert self.state.outside == sum(each.outside for each in self.assemblies())
        assert self.state.failing == sum(each.outside and each.outside_failing for each in self.assemblies())

    def check_held(self) -> None:
        """Nobody is held by a guard that holds no longer."""
        for key, request in self.asked.items():
            last = self.answer(key[1]).guards[-1]
            match last.guard:
                case Guard.DEPLOYABLE_CAP:
                    assert self.flights_of(key[0])
                case Guard.RESTART_CAP:
                    assert len(self.restarts(request.infrastructure)) >= 50
                case Guard.INFRASTRUCTURE_CAP if "older" not in last.numbers and request.rung is not Rung.RELAUNCH_DEPLOYABLE:
                    assert len(self.flights(request.infrastructure)) >= 5
                case Guard.STORM | Guard.ALL_SILENT:
                    assert any(self.place_holds(*place, last.guard, self.at) for place, _ in self.places_of(request))
                case Guard.UNVERIFIED if request.rung is not Rung.RELAUNCH_DEPLOYABLE:
                    assert self.frozen[request.infrastructure]
                case _:
                    pass

    # counted again

    def assemblies(self) -> list[AssemblyStanding]:
        return [each for standing in self.standings.values() for each in standing.assemblies]

    def group(self, infrastructure: str, zone: str) -> list[AssemblyStanding]:
        return [each for each in self.assemblies() if (each.infrastructure, each.zone) == (infrastructure, zone)]

    def in_use(self, name: str) -> list[str]:
        there = self.standings[name].assemblies if name in self.standings else ()
        return [permit for each in there for permit in (each.permit, *each.restarts) if permit]

    def flights(self, infrastructure: str) -> set[Id]:
        shown = {
            (name, each.permit or f"by hand: {each.assembly}")
            for name, standing in self.standings.items()
            for each in standing.assemblies
            if each.rung is not None and each.infrastructure == infrastructure
        }
        return shown | {key for key, (_, request) in self.granted.items() if self.granted_in(request, infrastructure)}

    def granted_in(self, request: PermitRequest, infrastructure: str) -> bool:
        where = [place[0] for place, _ in self.places_of(request)]
        return infrastructure in where and request.rung is not Rung.RESTART

    def flights_of(self, name: str) -> list[Id]:
        return [key for where in ("cloud", "other") for key in self.flights(where) if key[0] == name]

    def restarts(self, infrastructure: str) -> set[Id]:
        shown = {
            (name, permit)
            for name, standing in self.standings.items()
            for each in standing.assemblies
            if each.infrastructure == infrastructure
            for permit in each.restarts
        }
        waiting = self.granted.items()
        return shown | {key for key, (_, each) in waiting if each.rung is Rung.RESTART and each.infrastructure == infrastructure}

    def zones(self, key: Id, infrastructure: str) -> list[str]:
        if key in self.granted:
            return [zone for (where, zone), _ in self.places_of(self.granted[key][1]) if where == infrastructure]
        there = self.standings[key[0]].assemblies
        return [each.zone for each in there if each.rung is not None and each.infrastructure == infrastructure]

    def relaunched(self, infrastructure: str, at: float) -> int:
        begun = sum(where == infrastructure and at < moment + 60.0 for moment, where, _ in self.relaunches)
        waiting = [request for _, request in self.granted.values() if self.granted_in(request, infrastructure)]
        return begun + sum(request.rung.height >= Rung.RELAUNCH.height for request in waiting)

    def follow_places(self, at: float) -> None:
        for infrastructure, zone in {(each.infrastructure, each.zone) for each in self.assemblies()}:
            group = self.group(infrastructure, zone)
            unhealthy, mute = sum(each.unhealthy for each in group), sum(each.silent and each.active for each in group)
            self.follow_place((infrastructure, zone, Guard.STORM), at, holds=len(group) >= 5 and unhealthy > 0.4 * len(group))
            self.follow_place((infrastructure, zone, Guard.ALL_SILENT), at, holds=len(group) >= 2 and mute == len(group))

    def follow_place(self, key: tuple[str, str, Guard], at: float, *, holds: bool) -> None:
        if holds:
            self.over[key] = None
        elif key in self.over and self.over[key] is None:
            self.over[key] = at

    def place_holds(self, infrastructure: str, zone: str, guard: Guard, at: float) -> bool:
        over = self.over.get((infrastructure, zone, guard), 0.0)
        return over is None or (over > 0.0 and at < over + 120.0 and bool(self.group(infrastructure, zone)))
