"""What an operator sees of a deployable whose engine dies of a bug again and again, and what he can do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from cpe.shell.controller import Controller
from dpe.shell.engine import Engine
from dpe.shell.facts import Fact
from pcloud.errors import RefusedError
from pcloud.model.events import ContactMade
from pcloud.model.instance import InstanceReading
from pcloud.model.words import InstanceStatus
from pcloud.records.operating import PauseRequest, TargetRequest
from tests.infrastructures.memory_cloud import MemoryCloud
from tests.shell.desk import Desk, events, upload

pytestmark = pytest.mark.real  # the store has threads of its own

ILL = "ill is blocked, nobody looks after it: its engine died 3 times within 10m, the last time of ZeroDivisionError: division by zero"


class BuggyCloud(MemoryCloud):
    """An adapter with a bug, as long as it is not ``mended``."""

    mended = False

    async def find(self, deployable: str, assembly: str) -> Sequence[InstanceReading]:
        if not self.mended:
            1 / 0  # noqa: B018
        return await super().find(deployable, assembly)


@pytest.fixture
def cloud() -> BuggyCloud:
    return BuggyCloud("away")


@pytest.fixture
async def controller(tmp_path: Path, cloud: BuggyCloud, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Controller]:
    monkeypatch.setattr("cpe.shell.deaths.FIRST_WAIT", 0.05)  # seconds: nothing here depends on how long it is
    desk = Desk(tmp_path)
    desk.clouds["away"] = cloud
    async with desk.open() as opened:
        for name, where in (("ill", "away"), ("well", "lab")):
            await opened.create(upload(name, where), replace=False)
        await opened.start("ill")
        await until(lambda: state(opened, "ill") == "blocked", "it is given up")
        yield opened


def state(controller: Controller, name: str) -> str:
    return controller.attendance.status(name).state


def attended(controller: Controller, name: str) -> bool:
    return not controller.attendance.everybody()[name][1]


async def until(look: Callable[[], object], what: str) -> None:
    async with asyncio.timeout(30):
        while not look():  # noqa: ASYNC110 - what we wait for happens in several engines
            await asyncio.sleep(0.02)
    assert look(), what


async def test_it_is_shown_as_blocked_with_why_and_what_helps_and_the_others_as_they_are(controller: Controller) -> None:
    assert [(each.name, each.state) for each in await controller.list_deployables()] == [("ill", "blocked"), ("well", "stopped")]
    reason = (await controller.status("ill")).reason
    assert reason.endswith("division by zero; its machines are left as they are; pcloud retry ill starts it again")
    await controller.words.pause("well", PauseRequest(owner="ann"))  # written behind the alert
    assert [event.reason for event in await events(controller, "alert")][-1] == reason


async def test_what_is_said_to_it_is_refused_at_once_with_the_same_reason(controller: Controller) -> None:
    asked = (
        controller.start("ill"),
        controller.stop("ill"),
        controller.reboot("ill", "db"),
        controller.delete("ill", volumes=False),
        controller.words.pause("ill", PauseRequest(owner="ann")),
        controller.words.retry("ill", TargetRequest(owner="ann", assembly="db")),
        controller.reloads.plan("ill", upload("ill", "lab")),
    )
    for each in asked:
        with pytest.raises(RefusedError) as refused:
            await each
        assert str(refused.value).startswith(ILL)
        assert "pcloud retry ill starts it again" in refused.value.cure


async def test_when_the_bug_is_mended_retry_goes_on_with_what_was_asked(controller: Controller, cloud: BuggyCloud) -> None:
    retry = TargetRequest(owner="ann")
    await controller.words.retry("ill", retry)
    await until(lambda: state(controller, "ill") == "blocked", "the bug is there still")
    cloud.mended, cloud.born = True, InstanceStatus.BUILD  # it stays on its way
    await controller.words.retry("ill", retry)
    await until(lambda: any(asked.startswith("create ill-db") for asked in cloud.asked), "it is launched")
    assert (await controller.status("ill")).state == "starting"


async def test_one_that_was_stopped_when_it_died_can_be_deleted(controller: Controller) -> None:
    for _ in range(3):
        await until(lambda: attended(controller, "well"), "it lives")
        engine = controller.attendance.engine("well")
        assert isinstance(engine, Engine)
        engine.post(Fact(ContactMade, nonsense=True))
        await until(lambda: not attended(controller, "well"), "it dies")
    await until(lambda: state(controller, "well") == "blocked", "it is given up")
    await controller.delete("well", volumes=True)
    assert [each.name for each in await controller.list_deployables()] == ["ill"]
