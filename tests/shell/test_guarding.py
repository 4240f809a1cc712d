"""A deployable before the guards: what they are told, and what their words become."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from dpe.policy.standing import standing
from dpe.shell.deciding import distinct
from dpe.shell.facts import Fact
from dpe.shell.guarding import ANCHOR_TRY, Petitioner
from pcloud.errors import InfrastructureError
from pcloud.model.actions import AskAnchors, AskPermit, Order, ReturnPermit
from pcloud.model.events import AnchorAnswered, Event, OutsideDoubted, PermitGranted, PermitHeld
from pcloud.model.guards import GuardVerdict, GuardWord, OutsideDoubt, PermitAnswer, PermitRequest, Relaunched, Standing
from pcloud.model.instance import Instance
from pcloud.model.plan import AssemblyPlan, DeployablePlan
from pcloud.model.state import AssemblyState, DeployableState
from pcloud.model.words import Desired, Guard, Rung, Stage

REQUEST = PermitRequest("p1", "shop", "db", "local", Rung.REBOOT)
INSTANCE = Instance("i-1", 3, "127.0.0.9", 22, "nobody", "", "local")
UP = AssemblyState(stage=Stage.UP, instance=INSTANCE, contact=True, proven=True)
PLAN = DeployablePlan("shop", ("local",), (AssemblyPlan("db", "local"),))
STATE = DeployableState("shop", plan=PLAN, desired=Desired.RUNNING, assemblies={"db": UP})
STORM = (GuardVerdict(Guard.STORM, passed=False, numbers="3 of 5 unhealthy, at most 2"),)


class Guardroom:
    """Guards that write down what they hear, and say what a test has them say."""

    def __init__(self) -> None:
        self.told: list[Standing | PermitRequest | str] = []
        self.say: Callable[[GuardWord], None] = print
        self.anchors: Callable[[], tuple[str, bool]] | None = None  # None: no answer ever comes

    def attend(self, deployable: str, hear: Callable[[GuardWord], None], relaunched: Sequence[Relaunched] = ()) -> None:
        self.say = hear

    def stand(self, standing: Standing) -> None:
        self.told.append(standing)

    def ask(self, request: PermitRequest) -> None:
        self.told.append(request)

    def give_back(self, deployable: str, permit: str) -> None:
        self.told.append(f"{deployable} gives back {permit}")

    async def anchor(self, infrastructure: str, deployable: str, assembly: str) -> tuple[str, bool]:
        self.told.append(f"anchor for {deployable}/{assembly} on {infrastructure}")
        if self.anchors is None:
            await asyncio.Event().wait()
        assert self.anchors is not None
        return self.anchors()


@pytest.fixture
def guardroom() -> Guardroom:
    return Guardroom()


@pytest.fixture
def posted() -> list[Event]:
    return []


@pytest.fixture
def petitioner(guardroom: Guardroom, posted: list[Event]) -> Petitioner:
    def post(fact: Fact) -> None:
        posted.append(fact.happened(1.0, 2.0))

    made = Petitioner("shop", guardroom, post)
    made.attend()
    return made


def test_a_standing_is_told_once_until_it_is_another(petitioner: Petitioner, guardroom: Guardroom) -> None:
    petitioner.stand(STATE)
    petitioner.stand(STATE)
    petitioner.stand(replace(STATE, serial=7))
    assert guardroom.told == [standing(STATE)]
    gone = replace(STATE, assemblies={"db": replace(UP, contact=False)})
    petitioner.stand(gone)
    assert guardroom.told == [standing(STATE), standing(gone)]


def test_permits_are_asked_for_and_given_back_in_the_order_of_the_policy(petitioner: Petitioner, guardroom: Guardroom) -> None:
    again: list[Order] = [AskPermit("db", "", REQUEST), ReturnPermit("db", "p1"), AskPermit("db", "", REQUEST)]
    for order in distinct(again):
        assert isinstance(order, AskPermit | ReturnPermit)
        petitioner.put(order)
    assert guardroom.told == [REQUEST, "shop gives back p1", REQUEST]


def test_the_words_of_the_guards_become_facts(petitioner: Petitioner, guardroom: Guardroom, posted: list[Event]) -> None:
    guardroom.say(PermitAnswer("p1", granted=False, guards=STORM))
    guardroom.say(PermitAnswer("p1", granted=True))
    guardroom.say(OutsideDoubt(doubted=True, numbers="4 of 9"))
    assert posted == [
        PermitHeld(at=1.0, wall=2.0, permit="p1", guards=STORM),
        PermitGranted(at=1.0, wall=2.0, permit="p1"),
        OutsideDoubted(at=1.0, wall=2.0, doubted=True, numbers="4 of 9"),
    ]


def test_who_has_left_hears_nothing_any_more(petitioner: Petitioner, guardroom: Guardroom, posted: list[Event]) -> None:
    petitioner.leave()
    guardroom.say(PermitAnswer("p1", granted=True))
    assert posted == []


def failing() -> tuple[str, bool]:
    raise InfrastructureError("local is down")


@pytest.mark.parametrize(
    ("anchors", "expected"),
    [(lambda: ("10.0.0.1:22", True), ("10.0.0.1:22", True)), (failing, ("", False)), (None, ("", False))],
    ids=["answers", "fails", "never comes"],
)
async def test_an_anchors_answer_is_told_whatever_becomes_of_it(
    petitioner: Petitioner,
    guardroom: Guardroom,
    posted: list[Event],
    anchors: Callable[[], tuple[str, bool]] | None,
    expected: tuple[str, bool],
) -> None:
    guardroom.anchors = anchors
    await petitioner.ask_anchors(AskAnchors("db", INSTANCE))
    anchor, answered = expected
    assert guardroom.told == ["anchor for shop/db on local"]
    assert posted == [AnchorAnswered(at=1.0, wall=2.0, assembly="db", generation=3, anchor=anchor, answered=answered)]
    assert asyncio.get_running_loop().time() <= ANCHOR_TRY
