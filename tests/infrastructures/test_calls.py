"""Blocking calls from the loop, their errors in our words, and questions that are shared."""

from __future__ import annotations

import asyncio
import threading
import types
from collections.abc import Iterator

import pytest
import requests
from libcloud.common.exceptions import BaseHTTPError, RateLimitReachedError
from libcloud.common.types import InvalidCredsError, LibcloudError, MalformedResponseError
from libcloud.compute.types import NodeState

from cpe.shell.infrastructures.calls import WAITING, Calls
from cpe.shell.infrastructures.failures import translated
from cpe.shell.infrastructures.settings import InfrastructureSettings
from cpe.shell.infrastructures.sharing import SharedQuestion
from cpe.shell.infrastructures.statuses import instance_status
from cpe.shell.infrastructures.tags import instance_metadata, instance_tags
from cpe.shell.infrastructures.tally import Tally
from pcloud.errors import AmbiguousError, HardInfrastructureError, InfrastructureError
from pcloud.model.instance import Tags
from pcloud.model.words import InstanceStatus
from tests.infrastructures.waiting import until


def refused() -> requests.ConnectionError:
    try:
        requests.get("http://127.0.0.1:9/", timeout=5)
    except requests.ConnectionError as error:
        return error
    raise AssertionError("somebody listens on the discard port")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BaseHTTPError(500, "internal"), AmbiguousError),
        (BaseHTTPError(503, "try later"), AmbiguousError),
        (BaseHTTPError(409, "conflict"), InfrastructureError),
        (BaseHTTPError(403, "Quota exceeded for instances"), HardInfrastructureError),
        (BaseHTTPError(400, "InstanceLimitExceeded: no more"), HardInfrastructureError),
        (RateLimitReachedError(), InfrastructureError),
        (InvalidCredsError("no"), InfrastructureError),
        (LibcloudError("no"), InfrastructureError),
        (MalformedResponseError("html"), AmbiguousError),
        (requests.ReadTimeout("slow"), AmbiguousError),
        (requests.ConnectTimeout("slow"), InfrastructureError),
        (requests.ConnectionError("reset"), AmbiguousError),
        (ConnectionResetError("reset"), AmbiguousError),
        (ConnectionRefusedError("refused"), InfrastructureError),
        (OSError("disk full"), AmbiguousError),
    ],
)
def test_every_failure_of_a_cloud_is_one_of_ours(error, kind):
    ours = translated(error, "lab: creating x")
    assert type(ours) is kind
    assert str(ours).startswith("lab: creating x: ")


@pytest.mark.real
def test_a_refused_connection_was_not_sent_anywhere():
    assert type(translated(refused(), "lab: creating x")) is InfrastructureError


def test_nothing_is_called_off_that_may_run():
    off = [state for state in NodeState if instance_status(state) is InstanceStatus.SHUTOFF]
    assert off == [NodeState.STOPPED]


def test_tags_survive_the_way_through_metadata():
    tags = Tags("here", "shop", "web", 12)
    assert instance_tags(instance_metadata(tags)) == tags
    assert instance_tags({"colour": "red"}) is None
    assert instance_tags({**instance_metadata(tags), "pcloud-generation": "many"}) is None


def test_settings_refuse_what_they_do_not_know():
    with pytest.raises(ValueError, match="anchors"):
        InfrastructureSettings(anchors=["nowhere"])
    with pytest.raises(ValueError, match="extra"):
        InfrastructureSettings.model_validate({"drivr": "local"})


class Gate:
    """A call that waits until it may go on, as a slow cloud makes it wait."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()

    def __call__(self, driver: object) -> str:
        self.begun.release()
        self.open.wait(30)
        return "late"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.fixture
def calls() -> Iterator[Calls]:
    calls = Calls("lab", types.SimpleNamespace, timeout=0.2, threads=1)
    yield calls
    calls.close()


@pytest.mark.real
async def test_a_call_that_takes_too_long_is_ambiguous_and_one_that_never_began_is_not(calls, gate):
    answers = await asyncio.gather(calls("first", gate), calls("second", gate), return_exceptions=True)
    assert [type(answer) for answer in answers] == [AmbiguousError, InfrastructureError]
    assert "not begun" in str(answers[1])


@pytest.mark.real
async def test_the_late_answer_of_a_call_is_logged(calls, gate, caplog):
    with pytest.raises(AmbiguousError):
        await calls("first", gate)
    gate.open.set()
    # Those of tests before may come here too: a call is not waited for when its pool is closed.
    await asyncio.to_thread(until, lambda: "lab: first" in [record.call for record in caplog.records])


@pytest.mark.real
async def test_calls_that_nobody_has_time_for_are_refused_at_once(calls, gate):
    tasks = [asyncio.create_task(calls(str(number), gate)) for number in range(1 + WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(InfrastructureError, match="waiting already"):
        await calls("one too many", gate)
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.real
async def test_a_bug_in_a_call_is_not_translated(calls):
    def bug(driver: object) -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await calls("x", bug)


@pytest.mark.real
async def test_it_is_counted_how_calls_end_by_their_verbs(calls, gate):
    def refuse(driver: object) -> None:
        raise BaseHTTPError(409, "conflict")

    def bug(driver: object) -> None:
        raise KeyError("bug")

    await calls("listing instances", lambda driver: None)
    await calls("listing images", lambda driver: None)
    for call in (refuse, bug):
        with pytest.raises((InfrastructureError, KeyError)):
            await calls("stopping i-1", call)
    slow = asyncio.create_task(calls("creating x", gate))
    await asyncio.sleep(0)
    assert calls.tally.under_way == 1
    with pytest.raises(AmbiguousError):
        await slow
    ended = calls.tally.ended
    assert {key: number for key, (number, _) in ended.items()} == {
        ("listing", "ok"): 2,
        ("stopping", "refused"): 1,
        ("stopping", "bug"): 1,
        ("creating", "ambiguous"): 1,
    }
    assert ended["creating", "ambiguous"][1] >= 0.2
    assert calls.tally.under_way == 0


def test_verbs_without_end_are_not_counted_without_end():
    tally = Tally()
    for number in range(10_000):
        with tally.counting(f"{number} is no verb"):
            pass
    assert len(tally.ended) < 1000


@pytest.mark.real
async def test_each_thread_makes_its_driver_once(gate):
    made: list[int] = []
    calls = Calls("lab", lambda: made.append(1), timeout=30, threads=1)
    for _ in range(3):
        await calls("x", lambda driver: None)
    calls.close()
    assert made == [1]


async def test_whoever_asks_gets_an_answer_to_a_question_put_after_he_asked():
    put: list[float] = []

    async def ask() -> float:
        moment = asyncio.get_running_loop().time()
        put.append(moment)
        await asyncio.sleep(10)
        return moment

    question = SharedQuestion("q", ask)

    async def asked_at(moment: float) -> float:
        await asyncio.sleep(moment)
        return await question()

    assert await asyncio.gather(*map(asked_at, [0, 1, 2, 9, 11, 30])) == [0, 10, 10, 10, 20, 30]
    assert put == [0, 10, 20, 30]


async def test_one_who_stops_waiting_does_not_stop_the_others():
    async def ask() -> str:
        await asyncio.sleep(10)
        return "answer"

    question = SharedQuestion("q", ask)
    impatient, patient = asyncio.create_task(question()), asyncio.create_task(question())
    await asyncio.sleep(1)
    impatient.cancel()
    assert await patient == "answer"


async def test_an_error_reaches_all_who_asked_and_the_next_question_is_put_anew():
    answers: list[Exception | str] = [InfrastructureError("no"), "yes"]

    async def ask() -> str:
        await asyncio.sleep(1)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    question = SharedQuestion("q", ask)
    first = await asyncio.gather(question(), question(), return_exceptions=True)
    assert [type(answer) for answer in first] == [InfrastructureError] * 2
    assert await question() == "yes"
