"""What goes wrong around the command line: narrow terminals, readers that leave, Ctrl-C, odd names, sockets that are not for us."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.memory_controller import MemoryController
from tests.api.serving import Served, eventually
from tests.api.specs import BLOG
from tests.cli.conftest import Pcloud
from tests.cli.terminal import LONG, PCLOUD, on_terminal
from tests.cli.test_help import commands
from tests.cli.test_terminal import sh, unstyled

pytestmark = pytest.mark.real

REASON = "the image debian-12 is not among the 41 images of this account, which is a long story"
ODD_NAMES = ("a b.c", "a" * 200, "../daemon?b=c%2f#d", "Ü\n\x1b[2J")


@pytest.fixture
def place(served: Served, controller: MemoryController, pcloud: Pcloud) -> Path:
    """Where a deployable stands with something to tell about it."""
    (served.path.parent / "blog.yaml").write_text(BLOG)
    controller.fate["web"] = ("provisioning", "blocked", REASON)
    pcloud("deployable", "start", "blog.yaml")
    pcloud("assembly", "reboot", "blog/mysql")
    return served.path


TABLES = [
    "status",
    "status --watch",
    "deployable show blog --effective",
    "assembly list",
    "resource list",
    "infrastructure test local",
    "infrastructure audit local",
    "events",
    "explain mysql",
    "pause blog/web --reason 'new disks and more of the kind that makes a long line'",
]


@pytest.mark.parametrize("command", TABLES)
def test_nothing_that_matters_is_cut_at_40_columns(place: Path, command: str) -> None:
    with on_terminal(place, "-c", f"exec {' '.join(PCLOUD)} {command}", width=40, program=["sh"]) as terminal:
        if "--watch" in command:
            terminal.until(lambda text: "story" in text)
            terminal.write("\x03")
        terminal.end()
    said = unstyled(terminal.text.rpartition("\x1b[?1049l")[2])
    assert "Traceback" not in said
    assert "…" not in said
    assert max(len(line) for line in said.splitlines()) <= 40, said
    if command in {"status", "status --watch", "assembly list"}:
        assert REASON in " ".join(said.split())


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_help_fits_into_40_columns(alone: Pcloud, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    ended = alone(*command, "--help")
    assert ended.code == 0
    prose = [line for line in ended.out.splitlines() if " " in line.strip()]  # a word alone may be longer
    assert max(len(line) for line in prose) <= 60, ended.out  # and so may an option with its metavar


@pytest.mark.parametrize(
    ("command", "reader"),
    [
        ("status", "head -n 1"),
        ("events -n 1000", "true"),
        ("deployable show blog --effective", "head -c 1"),
        ("assembly list --json", "true"),
    ],
)
def test_a_reader_that_leaves_ends_it_without_a_word(place: Path, command: str, reader: str) -> None:
    ended = sh(place, f"pcloud {command} | {reader}; echo ${{PIPESTATUS[0]}} >&2")
    assert ended.stderr in ({"0\n", "5\n"} if command == "status" else {"0\n"})


@pytest.mark.parametrize("keys", ["\x03", "\x04", "\n", "no\n"], ids=["Ctrl-C", "Ctrl-D", "Return", "no"])
def test_whatever_is_no_yes_at_the_prompt_leaves_everything_as_it_is(place: Path, controller: MemoryController, keys: str) -> None:
    sh(place, "pcloud deployable stop blog")
    with on_terminal(place, "deployable", "delete", "blog", "--volumes") as terminal:
        terminal.until_asked("[y/N]")
        terminal.write(keys)
        assert terminal.end() == 4
    assert "blog and its volumes are left as they are" in terminal.text
    assert "Traceback" not in terminal.text
    assert "blog" in controller.deployables


def test_ctrl_c_while_a_trace_is_waited_for_ends_it_quietly(place: Path) -> None:
    command = [*PCLOUD, "simulate", "blog.yaml"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=place.parent, text=True) as process:
        eventually(lambda: "pipe" in Path(f"/proc/{process.pid}/wchan").read_text())  # it reads
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LONG)
    assert (process.returncode, out, err) == (130, "", "")


NAMED = [
    ["deployable", "start"],
    ["deployable", "stop"],
    ["deployable", "status"],
    ["deployable", "delete"],
    ["deployable", "show"],
    ["status"],
    ["assembly", "list"],
    ["assembly", "reboot"],
    ["assembly", "ssh"],
    ["assembly", "confirm-dead"],
    ["assembly", "evidence"],
    ["assembly", "status"],
    ["resource", "list"],
    ["resource", "restart"],
    ["infrastructure", "test"],
    ["infrastructure", "audit"],
    ["events"],
    ["explain"],
    ["pause"],
    ["retry"],
    ["replay"],
]


@pytest.mark.parametrize("command", NAMED, ids=" ".join)
def test_an_odd_name_is_one_clear_error(pcloud: Pcloud, command: list[str]) -> None:
    pcloud("deployable", "create", "blog.yaml")
    for odd in ODD_NAMES:
        for name in (odd, f"blog/{odd}"):
            ended = pcloud(*command, "--", name)
            assert ended.code in {2, 3}, (name, ended)
            assert ended.out == "", (name, ended)
            assert "rror: " in ended.err, (name, ended)
            assert "\x1b" not in ended.err, (name, ended)
            assert "bug" not in ended.err, (name, ended)


def test_an_odd_name_of_a_file_is_a_file(pcloud: Pcloud, tmp_path: Path) -> None:
    for name in ("my blog.yaml", "ü.yaml", "x" * 200 + ".yaml", ".hidden", "a;b.yaml"):
        (tmp_path / name).write_text(BLOG)
        assert pcloud("deployable", "check", name).out.endswith("2 assemblies, 2 resources\n")
        assert pcloud("deployable", "create", name).code == 0
    assert pcloud("deployable", "check", "x" * 300 + ".yaml").code == 1


@pytest.fixture
def outsider() -> Iterator[Path]:
    """A directory that a user who is not root may enter."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become somebody else")
    directory = Path(tempfile.mkdtemp(prefix="pcloud-outsider-"))
    try:
        directory.chmod(0o755)
        yield directory
    finally:
        shutil.rmtree(directory)


def as_nobody(path: Path) -> subprocess.CompletedProcess[str]:
    """The client's own words there. The interpreter is started as root, for its files may be closed to others."""
    script = (
        "import os, sys; os.setgid(65534); os.setuid(65534); sys.argv = ['pcloud', 'status']\nfrom pcloud.cli.entry import main; main()"
    )
    script = f"import pcloud.cli.main, pcloud.cli.status, encodings.idna, pwd\n{script}"
    environment = {**os.environ, "PCLOUD_SOCKET": str(path)}
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=LONG, check=False)


def test_a_socket_of_somebody_else_is_refused_with_his_name(outsider: Path, controller: MemoryController) -> None:
    path = outsider / "api.sock"
    with Served(controller, path):
        ended = as_nobody(path)
        assert (ended.returncode, ended.stdout) == (4, "")
        assert ended.stderr == f"error: {path} belongs to root, and nobody may not use it\n  run this as root, as with sudo\n"
        outsider.chmod(0o700)
        ended = as_nobody(path)
        assert ended.returncode == 4
        assert f"nobody may not look for a daemon on {path}" in ended.stderr
        outsider.chmod(0o755)


def test_a_socket_with_a_wrong_mode_says_which_would_be_right(outsider: Path) -> None:
    path = outsider / "api.sock"
    with socket.socket(socket.AF_UNIX) as mine:
        mine.bind(str(path))
        mine.listen()
        os.chown(path, 65534, 65534)
        path.chmod(0)
        ended = as_nobody(path)
    assert ended.stderr == f"error: {path} cannot be used, its mode is 0000\n  run chmod 600 {path}\n"
