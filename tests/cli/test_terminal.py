from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from tests.api.memory_controller import MemoryController
from tests.api.serving import Served
from tests.api.specs import BLOG
from tests.cli.terminal import LONG, PCLOUD, environment, on_terminal

pytestmark = pytest.mark.real


@pytest.fixture
def place(served: Served) -> Path:
    (served.path.parent / "blog.yaml").write_text(BLOG)
    return served.path


def unstyled(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def sh(place: Path, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = script.replace("pcloud", shlex.join(PCLOUD), 1)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        ["bash", "-c", command],
        stdout=pipe,
        stderr=pipe,
        text=True,
        env=environment(place, **more),
        cwd=place.parent,
        start_new_session=True,
    ) as bash:
        try:
            out, err = bash.communicate(timeout=LONG)
        finally:
            with contextlib.suppress(ProcessLookupError):  # all of them have ended, as they should
                os.killpg(bash.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, bash.returncode, out, err)


def flood(controller: MemoryController, number: int) -> None:
    for one in range(number):
        controller.report("blog", kind=f"kind-{one}", reason="x" * 300)


def test_a_start_is_shown_live_and_in_colour_on_a_terminal(place: Path) -> None:
    with on_terminal(place, "deployable", "start", "blog.yaml", width=60) as terminal:
        assert terminal.end() == 0
        assert "\x1b[32mhealthy" in terminal.text
        assert "\x1b[36mprovisioning" in terminal.text
        assert "2 of 2 healthy" in unstyled(terminal.text)
        assert terminal.text.rstrip().endswith("blog is healthy")
        assert max(len(line) for line in unstyled(terminal.text).replace("\r", "\n").split("\n")) <= 60


def test_ctrl_c_ends_the_waiting_and_not_the_start(place: Path, controller: MemoryController) -> None:
    controller.fate["mysql"] = ("provisioning", "booting", "slow")
    with on_terminal(place, "deployable", "start", "blog.yaml") as terminal:
        terminal.until(lambda text: "booting" in text)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 0
        assert "goes on in the background; see `pcloud deployable status blog`" in " ".join(unstyled(terminal.text).split())
        assert "\x1b[?25h" in terminal.text  # the cursor is back
    assert controller.deployables["blog"].desired == "running"


def test_ctrl_c_ends_following_events(place: Path, served: Served, controller: MemoryController) -> None:
    served.do(lambda: controller.report("blog", kind="first"))
    with on_terminal(place, "events", "-f") as terminal:
        terminal.until(lambda text: "first" in text)
        served.do(lambda: controller.report("blog", kind="second"))
        terminal.until(lambda text: "second" in text)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 0
        assert "Traceback" not in terminal.text


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 4)])
def test_deleting_volumes_asks_on_a_terminal(place: Path, controller: MemoryController, answer: str, code: int) -> None:
    assert sh(place, "pcloud deployable create blog.yaml").returncode == 0
    with on_terminal(place, "deployable", "delete", "blog", "--volumes") as terminal:
        terminal.until(lambda text: "[y/N]" in text)
        terminal.write(f"{answer}\n")
        assert terminal.end() == code
    assert controller.deleted_volumes == (["blog"] if answer == "y" else [])


def test_a_reason_is_whole_on_a_narrow_terminal(place: Path, controller: MemoryController) -> None:
    reason = "the image debian-12 is not among the 41 images of this account, which is a long story"
    controller.fate["web"] = ("provisioning", "blocked", reason)
    assert sh(place, "pcloud deployable start blog.yaml").returncode == 5
    with on_terminal(place, "deployable", "status", "blog", width=60) as terminal:
        assert terminal.end() == 5
        lines = unstyled(terminal.text).splitlines()
        assert max(len(line) for line in lines) <= 60
        assert reason in " ".join(" ".join(lines).split())


def test_a_reader_who_has_seen_enough_ends_it_quietly(place: Path, served: Served, controller: MemoryController) -> None:
    served.do(lambda: flood(controller, 1000))
    for script in ("pcloud events -n 1000 | head -1", "pcloud events -f -n 1000 | head -1", "pcloud events -n 1000 --json | head -1"):
        ended = sh(place, f"set -o pipefail; {script}")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert len(ended.stdout.splitlines()) == 1


def test_a_pipe_gets_whole_lines_without_colour(place: Path, served: Served, controller: MemoryController) -> None:
    served.do(lambda: controller.report("blog", kind="k", reason="word " * 500))
    said = sh(place, "pcloud events | cat").stdout
    assert len(said.splitlines()) == 1
    assert len(said) > 2400
    assert "\x1b" not in said


def test_followed_events_for_programs_are_one_object_a_line(place: Path, served: Served, controller: MemoryController) -> None:
    served.do(lambda: flood(controller, 3))
    lines = sh(place, "pcloud events -f --json | head -3").stdout.splitlines()
    assert [line[0] + line[-1] for line in lines] == ["{}"] * 3


def test_an_encoding_without_arrows_gets_question_marks(place: Path) -> None:
    ended = sh(place, "pcloud deployable start blog.yaml", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert ended.returncode == 0
    assert "starting ? healthy" in ended.stdout


def test_the_version_is_told(place: Path) -> None:
    assert sh(place, "pcloud --version").stdout.startswith("pcloud ")
