"""What operators say, before an engine hears it: refusals, and what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest

from cpe.shell.engines import Engine
from cpe.shell.status import deployable_status
from cpe.shell.words import Words
from dpe.shell.facts import Fact
from pcloud.errors import RefusedError
from pcloud.model.events import ApprovalGiven, OperatorSaid, PauseAsked, ResumeAsked, RetryAsked
from pcloud.model.guards import GuardVerdict
from pcloud.model.state import AssemblyState, DeployableState, Pause, Recovery, ResourceState
from pcloud.model.words import Guard, Phase, Rung, Stage
from pcloud.records.operating import AnswerRequest, PauseRequest, ResumeRequest, TargetRequest

WAITS = Recovery(Rung.REBOOT, Phase.APPROVAL, 3600.0, "d1", held_since=10.0)
STORM = GuardVerdict(Guard.STORM, passed=False, numbers="3 of 5 unhealthy, at most 2")
HELD = Recovery(Rung.RELAUNCH, Phase.ASKING, None, "d2", guards=(GuardVerdict(Guard.PAUSE, passed=True), STORM), held_since=20.0)
STATE = DeployableState("shop", assemblies={"db": AssemblyState(resources={"mysqld": ResourceState()}), "web": AssemblyState()})


class Listener:
    """As much of an engine as is spoken to."""

    def __init__(self, state: DeployableState) -> None:
        self.state = state
        self.heard: list[OperatorSaid] = []

    def say(self, word: OperatorSaid) -> None:
        self.heard.append(word)


class Attended:
    """Everything is looked after by this one."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def attended(self, name: str) -> Engine:
        return cast("Engine", self._listener)

    async def revive(self, name: str, *, part: str) -> bool:
        return False


def words(listener: Listener) -> Words:
    async def taken_in(_name: str) -> None:
        return

    return Words(Attended(listener), taken_in, asyncio.Lock())


def with_db(**changes: object) -> DeployableState:
    return replace(STATE, assemblies={**STATE.assemblies, "db": replace(STATE.assemblies["db"], **changes)})  # type: ignore[arg-type]


PAUSED_ALL = replace(STATE, pauses=(Pause("", "ann", "", 1.0, 1.0),))
PAUSED_BOTH = replace(STATE, pauses=(Pause("", "ann", "", 1.0, 1.0), Pause("db", "bob", "", 1.0, 1.0)))


@pytest.mark.parametrize(("state", "refused"), [(STATE, False), (PAUSED_ALL, True), (PAUSED_BOTH, False)], ids=["not", "all", "both"])
async def test_an_assembly_is_resumed_unless_it_would_stay_paused(state: DeployableState, refused: bool) -> None:
    listener = Listener(state)
    request = ResumeRequest(owner="ann", assembly="db")
    if refused:
        with pytest.raises(RefusedError, match="db is paused with all of shop"):
            await words(listener).resume("shop", request)
    else:
        await words(listener).resume("shop", request)
    assert listener.heard == ([] if refused or state is STATE else [ResumeAsked(at=0.0, owner="ann", assembly="db")])


APPROVALS = [
    (with_db(recovery=WAITS), "", "", True),
    (with_db(recovery=WAITS), "db", "", True),
    (with_db(recovery=WAITS), "db", "mysqld", False),
    (with_db(recovery=WAITS), "web", "", False),
    (with_db(recovery=HELD), "db", "", False),
    (with_db(resources={"mysqld": ResourceState(recovery=replace(WAITS, rung=Rung.RESTART))}), "db", "", True),
    (with_db(resources={"mysqld": ResourceState(recovery=replace(WAITS, rung=Rung.RESTART))}), "db", "mysqld", True),
    (replace(STATE, recovery=replace(WAITS, rung=Rung.RELAUNCH_DEPLOYABLE)), "", "", True),
    (replace(STATE, recovery=replace(WAITS, rung=Rung.RELAUNCH_DEPLOYABLE)), "db", "", False),
]


@pytest.mark.parametrize(("state", "assembly", "resource", "waits"), APPROVALS)
async def test_a_yes_is_taken_where_something_waits_for_it(state: DeployableState, assembly: str, resource: str, waits: bool) -> None:
    listener = Listener(state)
    request = AnswerRequest(owner="ann", assembly=assembly, resource=resource, reason="go")
    if not waits:
        with pytest.raises(RefusedError, match="waits for a yes"):
            await words(listener).answer("shop", request, approved=True)
        return
    await words(listener).answer("shop", request, approved=True)
    assert listener.heard == [ApprovalGiven(at=0.0, owner="ann", approved=True, assembly=assembly, resource=resource, reason="go")]


@pytest.mark.parametrize(
    "state",
    [
        with_db(exhausted=True),
        with_db(blocked="no image"),
        with_db(denied="ann said no"),
        with_db(resources={"mysqld": ResourceState(exhausted=True)}),
    ],
    ids=["exhausted", "blocked", "denied", "a resource of it"],
)
async def test_what_was_given_up_is_tried_again_or_approved_after_all_but_not_denied(state: DeployableState) -> None:
    for assembly in ("", "db"):
        answer = AnswerRequest(owner="ann", assembly=assembly)
        await words(Listener(state)).answer("shop", answer, approved=True)
        with pytest.raises(RefusedError, match="waits for a yes"):
            await words(Listener(state)).answer("shop", answer, approved=False)
        listener = Listener(state)
        await words(listener).retry("shop", TargetRequest(owner="ann", assembly=assembly))
        assert listener.heard == [RetryAsked(at=0.0, owner="ann", assembly=assembly)]
    with pytest.raises(RefusedError):
        await words(Listener(state)).retry("shop", TargetRequest(owner="ann", assembly="web"))


async def test_a_pause_is_handed_over_whole_and_dated_by_the_engine() -> None:
    listener = Listener(STATE)
    request = PauseRequest(owner="ann", assembly="db", reason="disks", seconds=60, maintenance=True)
    await words(listener).pause("shop", request)
    (word,) = listener.heard
    dated = Fact.undated(word).happened(7.0, 8.0)
    assert dated == PauseAsked(at=7.0, wall=8.0, owner="ann", assembly="db", reason="disks", seconds=60, maintenance=True)


def later(at: float) -> float:
    return 1000.0 + at


@pytest.mark.parametrize(
    ("recovery", "text", "since"),
    [
        (WAITS, "reboot waits for a yes", 1010.0),
        (HELD, "relaunch held by storm: 3 of 5 unhealthy, at most 2", 1020.0),
        (replace(HELD, guards=(), held_since=None), "", None),
        (replace(HELD, guards=(replace(STORM, passed=True),)), "", None),
        (None, "", None),
    ],
    ids=["a yes", "a guard", "not answered yet", "let pass", "nothing"],
)
@pytest.mark.parametrize("at", ["deployable", "assembly", "resource"])
def test_a_status_says_what_is_waited_for_and_since_when(recovery: Recovery | None, text: str, since: float | None, at: str) -> None:
    places: dict[str, Callable[[], DeployableState]] = {
        "deployable": lambda: replace(STATE, recovery=recovery),
        "assembly": lambda: with_db(recovery=recovery),
        "resource": lambda: with_db(stage=Stage.UP, contact=True, resources={"mysqld": ResourceState(recovery=recovery)}),
    }
    status = deployable_status(places[at](), later)
    found = {"deployable": status, "assembly": status.assemblies[0], "resource": status.assemblies[0].resources[0]}[at]
    assert found.held == text
    assert found.held_since == (None if since is None else datetime.fromtimestamp(since, UTC))


def test_a_status_shows_a_pause_until_the_later_of_both_clocks() -> None:
    pauses = (Pause("", "ann", "disks", until=50.0, until_wall=1040.0), Pause("db", "bob", "", 50.0, 1060.0, maintenance=True))
    shown = deployable_status(replace(STATE, pauses=pauses), later).pauses
    assert [each.until.timestamp() for each in shown] == [1050.0, 1060.0]
    assert [(each.assembly, each.owner, each.reason, each.maintenance) for each in shown] == [
        (None, "ann", "disks", False),
        ("db", "bob", "", True),
    ]
