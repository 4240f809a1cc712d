"""What the environment may tell the failpoints, and what comes of it in a DPE whose world fails as told."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from dpe.shell.failing import WITHOUT_OUTCOME, WORDS, with_failpoints
from pcloud import failpoints
from pcloud.errors import RefusedError
from pcloud.failpoints import CALLS, VARIABLE, Act, Failpoints, parsed, told
from pcloud.model.actions import GuestAction, MachineAction
from pcloud.model.plan import ResourcePlan, SystemdAgent
from pcloud.model.ports import Agent, Infrastructure
from tests.shell.house import DB, SHOP
from tests.shell.stage import Stage

SHOP_WITH_A_SERVICE = replace(SHOP, assemblies=(replace(DB, resources=(ResourcePlan("mysqld", SystemdAgent("mysqld.service")),)),))
BY_NO_ACTION = {"run", "reach", "delete_volumes", "instances", "delete_volume", "tag", "ports", "delete_ports", "delete_port"}
"""What is asked for by watching, by another sight, by an operator's delete, by an audit and by an adoption."""


def coroutines(port: type) -> set[str]:
    return {name for name, each in vars(port).items() if inspect.iscoroutinefunction(each)}


def test_every_action_and_every_call_that_it_may_make_has_points() -> None:
    assert set(WORDS) == {*get_args(GuestAction), *get_args(MachineAction)}
    assert set(WORDS.values()) == set(CALLS)
    assert {call for calls in CALLS.values() for call in calls} == (coroutines(Agent) | coroutines(Infrastructure)) - BY_NO_ACTION


def test_what_is_lost_of_a_call_to_an_agent_is_what_it_would_return() -> None:
    returns = {name: inspect.signature(getattr(Agent, name)).return_annotation for name in coroutines(Agent)}
    assert set(WITHOUT_OUTCOME) | {"run", "reach"} == {name for name, what in returns.items() if what != "Outcome"}


def test_nothing_is_told_unless_the_environment_says_so() -> None:
    assert told({}) is None
    assert told({VARIABLE: "  "}) is None


def test_an_order_is_a_name_an_act_and_how_often() -> None:
    assert parsed("fence.stop.answered=lose*2; launch.stored = kill\nrestart.done=stop;") == {
        "fence.stop.answered": (Act.LOSE, 2),
        "launch.stored": (Act.KILL, 1),
        "restart.done": (Act.STOP, 1),
    }


@pytest.mark.parametrize(
    ("said", "wrong", "right"),
    [
        ("launch.creat.answered=kill", "no point launch.creat.answered", "did you mean launch.create.answered?"),
        ("???=kill", "no point ???", "docs/reliability.md"),
        ("launch.stored=die", "cannot be told to 'die'", "kill, stop, lose"),
        ("launch.stored=lose", "nothing is answered at launch.stored", ".answered"),
        ("launch.stored", "'launch.stored' is not NAME=kill, stop or lose", "launch.create.answered=kill"),
        ("launch.stored=kill*0", "is not NAME=", "*2 for twice"),
        ("@/nowhere/at/all", "/nowhere/at/all cannot be read", "name a file"),
    ],
)
def test_what_cannot_be_understood_is_one_clear_error(said: str, wrong: str, right: str) -> None:
    with pytest.raises(RefusedError) as refused:
        told({VARIABLE: said})
    assert wrong in str(refused.value)
    assert right in refused.value.cure


def test_a_point_that_is_reached_and_not_declared_is_a_bug() -> None:
    with pytest.raises(LookupError, match=r"launch\.dance\.asked is not declared"):
        Failpoints("").reach("launch.dance.asked")


def test_an_answer_is_lost_as_often_as_told(tmp_path: Path) -> None:
    points = Failpoints("fence.stop.answered=lose*2")
    assert [points.reach("fence.stop.answered") for _ in range(3)] == [True, True, False]


def test_a_file_is_read_whenever_a_point_is_reached(tmp_path: Path) -> None:
    file = tmp_path / "told"
    file.touch()
    points = told({VARIABLE: f"@{file}"})
    assert points is not None
    assert not points.reach("fence.stop.answered")
    file.write_text("fence.stop.answered=lose")
    assert [points.reach("fence.stop.answered") for _ in range(2)] == [True, False]
    file.write_text("nonsense")
    assert not points.reach("fence.stop.answered")
    file.write_text("fence.stop.answered=lose")
    assert points.reach("fence.stop.answered")


@pytest.mark.real
@pytest.mark.parametrize(("act", "number"), [("kill", signal.SIGKILL), ("stop", signal.SIGSTOP)])
def test_a_process_is_killed_or_stopped_by_itself(act: str, number: int) -> None:
    script = f"from {failpoints.__name__} import told; told().reach('launch.stored')"
    child = subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, VARIABLE: f"launch.stored={act}"}, stderr=subprocess.DEVNULL
    )
    try:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        assert (os.WSTOPSIG(status) if os.WIFSTOPPED(status) else os.WTERMSIG(status)) == number
        if os.WIFSTOPPED(status):
            child.send_signal(signal.SIGCONT)
            assert child.wait(30) == 0
        else:
            child.returncode = -number
    finally:
        if child.returncode is None:
            child.kill()
            child.wait()


@pytest.mark.real
def test_a_daemon_says_what_it_is_told_wrong_and_does_not_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cpe.daemon.main", "--state", tmp_path / "state", "--socket", tmp_path / "socket"]
    environment = {**os.environ, VARIABLE: "launch.storde=kill", "XDG_CONFIG_HOME": str(tmp_path)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 4
    assert ended.stderr == f"pcloud-cped: {VARIABLE}: there is no point launch.storde; did you mean launch.stored?\n"
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("call", ["create", "read", "find", "volume", "release"])
async def test_an_answer_that_a_launch_loses_makes_no_second_instance(tmp_path: Path, call: str) -> None:
    stage = Stage(tmp_path, SHOP_WITH_A_SERVICE)
    stage.cloud.patience = 1.0
    stage.around = with_failpoints(stage.around, Failpoints(f"launch.{call}.answered=lose"))
    async with stage.engine() as engine:
        await stage.up(engine)
    assert len(stage.cloud.nodes) == 1


async def test_an_agent_whose_answer_is_lost_is_asked_again_what_became_of_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path, SHOP_WITH_A_SERVICE)
    stage.around = with_failpoints(stage.around, Failpoints("start.start.answered=lose"))
    async with stage.engine() as engine:
        await stage.up(engine)
    assert stage.puppets["db"].done.count("start mysqld") == 2  # the machine knows by its id that it has been done
    assert not [report for report in stage.journal.reports if report.kind == "failed"]
