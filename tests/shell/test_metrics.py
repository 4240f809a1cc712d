"""What the metrics are made of: who is counted when, what happened, and which word it goes by."""

from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

import cpe.shell.metrics.census as counting
from cpe.shell.metrics.census import Census, Seen
from cpe.shell.metrics.happenings import UNDER_WAY, Happenings
from pcloud.model.actions import Decision, Report
from pcloud.model.guards import GuardVerdict
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, Check, DeployablePlan, HttpCheck, ResourcePlan, ScriptAgent, TcpCheck
from pcloud.model.ports import Load
from pcloud.model.state import AssemblyState, DeployableState, Recovery, ResourceState
from pcloud.model.words import Choice, Desired, Guard, Health, Origin, Phase, Rung, Stage
from pcloud.records.event import EventRecord, event_record

WELL = DeployableState(
    "shop",
    desired=Desired.RUNNING,
    assemblies={
        "db": AssemblyState(
            stage=Stage.UP,
            contact=True,
            instance=Instance("i-1", 1, "10.0.0.1", infrastructure="lab"),
            resources={"mysqld": ResourceState(Health.HEALTHY)},
        )
    },
)


class Engine:
    """As much of one as is counted."""

    def __init__(self, state: DeployableState, load: Load) -> None:
        self.state = state
        self.load = load


class Attendance:
    def __init__(self) -> None:
        self.engines: dict[str, Engine | None] = {}
        self.troubles: dict[str, str] = {}

    def everybody(self) -> dict[str, tuple[Engine | None, str]]:
        return {name: (engine, self.troubles.get(name, "")) for name, engine in self.engines.items()}

    def word(self, name: str) -> str:
        return "blocked"


@pytest.fixture
def house() -> Attendance:
    made = Attendance()
    made.engines = {name: Engine(WELL, Load(waiting, 2000, 1)) for name, waiting in (("shop", 3), ("blog", 7))}
    return made


def census(house: Attendance) -> Census:
    return Census(house)  # type: ignore[arg-type]


def states(seen: Seen) -> dict[str, dict[str, int]]:
    return {kind: found for kind in ("deployable", "assembly", "resource", "recovery", "held", "contact") if (found := seen.of(kind))}


def in_db(**changes: object) -> DeployableState:
    return replace(WELL, assemblies={"db": replace(WELL.assemblies["db"], **changes)})  # type: ignore[arg-type]


def test_all_are_counted_by_how_they_stand(house: Attendance) -> None:
    seen = census(house).look()
    assert states(seen) == {"deployable": {"healthy": 2}, "assembly": {"healthy": 2}, "resource": {"healthy": 2}, "contact": {"": 2}}
    assert (seen.performing, seen.waiting, seen.room) == (2, 7, 2000)


def test_only_what_is_another_state_is_counted_anew(house: Attendance, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    plain = counting.counted

    def counts(state: DeployableState | None, word: str) -> counting.Counts:
        counted.append(word)
        return plain(state, word)

    monkeypatch.setattr(counting, "counted", counts)
    looking = census(house)
    looking.look()
    assert len(counted) == 2
    looking.look()
    assert len(counted) == 2
    engine = house.engines["shop"]
    assert engine is not None
    engine.state = in_db(blocked="no image")
    assert states(looking.look())["assembly"] == {"blocked": 1, "healthy": 1}
    assert len(counted) == 3


def test_one_that_nobody_looks_after_counts_as_such_and_one_that_is_gone_no_more(house: Attendance) -> None:
    looking = census(house)
    looking.look()
    house.troubles["shop"] = "its engine died"
    seen = looking.look()
    assert seen.of("deployable") == {"blocked": 1, "healthy": 1}
    assert seen.performing == 1, "what a dead one had under way is not done"
    house.troubles.clear()
    house.engines["odd"] = None
    house.troubles["odd"] = "it could not be taken up"
    assert looking.look().of("deployable") == {"blocked": 1, "healthy": 2}
    house.engines = {}
    assert states(looking.look()) == {}


SERVICE = ResourcePlan(
    "mysqld",
    agent=ScriptAgent("start", "stop", "monitor"),
    interval=2.0,
    checks=(
        Check("tcp 3306", TcpCheck(3306), interval=4.0),
        Check("http", HttpCheck("http://db/"), interval=10.0, origin=Origin.CONTROLLER),
    ),
)


@pytest.mark.parametrize(
    ("changes", "rate"),
    [({}, 0.85), ({"contact": False}, 0.1), ({"instance": None, "contact": False}, 0.0)],
    ids=["in contact", "out of sight, only from here", "no machine"],
)
def test_checks_are_counted_by_the_intervals_of_what_is_watched(house: Attendance, changes: dict[str, object], rate: float) -> None:
    plan = DeployablePlan("shop", assemblies=(AssemblyPlan("db", "lab", resources=(SERVICE,)),))
    planned = replace(in_db(**changes), plan=plan)
    house.engines = {name: Engine(planned, Load(0, 2000, 0)) for name in ("shop", "blog")}
    assert census(house).look().checks == pytest.approx(2 * rate)
    house.troubles = dict.fromkeys(house.engines, "its engine died")
    assert census(house).look().checks == 0, "nobody looks"


RECOVERY = Recovery(Rung.REBOOT, Phase.VERIFYING, None, "shop.1", failures=1)


@pytest.mark.parametrize(
    ("recovery", "counts"),
    [
        (RECOVERY, {"recovery": {"reboot": 1}}),
        (replace(RECOVERY, failures=0, manual=True), {"recovery": {"reboot": 1}}),
        (replace(RECOVERY, phase=Phase.APPROVAL), {"recovery": {"reboot": 1}, "held": {"approval": 1}}),
        (
            replace(RECOVERY, phase=Phase.ASKING, held_since=1.0, guards=(GuardVerdict(Guard.STORM, passed=False),)),
            {"recovery": {"reboot": 1}, "held": {"storm": 1}},
        ),
        (replace(RECOVERY, failures=0), {}),
        (replace(RECOVERY, observed=True), {}),
    ],
    ids=["a failure", "by hand", "waits for a yes", "held by a guard", "a start", "only observed"],
)
def test_what_is_a_recovery(house: Attendance, recovery: Recovery, counts: dict[str, dict[str, int]]) -> None:
    house.engines = {"shop": Engine(in_db(recovery=recovery), Load(0, 2000, 0))}
    found = states(census(house).look())
    assert {kind: found[kind] for kind in ("recovery", "held") if kind in found} == counts


def decided(number: int, choice: Choice, at: float, *, ends: str = "") -> EventRecord:
    record = Decision(f"shop.{number}", choice, "section 3.1", action=Rung.REBOOT, evidence=(ends,) if ends else ())
    return event_record(number, at, "shop", Report("decided", "db", decision=ends or record.id, record=record))


def test_decisions_and_events_are_counted_and_recoveries_timed() -> None:
    registry = CollectorRegistry()
    happenings = Happenings(registry)
    happenings.hear([decided(1, Choice.ACT, 100.0), decided(2, Choice.HOLD, 101.0)])
    happenings.hear([decided(3, Choice.RECOVERED, 142.0, ends="shop.1"), decided(4, Choice.RECOVERED, 143.0, ends="shop.1")])

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("pcloud_events_total", kind="decided") == 4
    assert value("pcloud_decisions_total", choice="act", action="reboot") == 1
    assert value("pcloud_decisions_total", choice="recovered", action="reboot") == 2
    assert value("pcloud_recovery_seconds_sum", action="reboot") == 42
    assert value("pcloud_recovery_seconds_count", action="reboot") == 1, "it ends once"


def test_recoveries_that_never_end_are_not_remembered_for_ever() -> None:
    registry = CollectorRegistry()
    happenings = Happenings(registry)
    happenings.hear([decided(number, Choice.ACT, 0.0) for number in range(UNDER_WAY + 1)])
    happenings.hear([decided(1_000_000, Choice.RECOVERED, 1.0, ends="shop.0"), decided(1_000_001, Choice.RECOVERED, 1.0, ends="shop.1")])
    assert registry.get_sample_value("pcloud_recovery_seconds_count", {"action": "reboot"}) == 1, "the oldest is forgotten"
