"""Completion with live names, in a real bash on a real terminal: Tab is pressed."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcloud.cli.completion import Shell
from tests.api.serving import Served
from tests.api.specs import BLOG
from tests.cli.conftest import Pcloud
from tests.cli.terminal import Terminal, on_terminal

pytestmark = pytest.mark.real

PROMPT = "READY> "
BIN = Path(sys.executable).parent


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "blog.yaml").write_text(BLOG)
    (tmp_path / "blood.txt").write_text("")
    (tmp_path / "bin").mkdir()
    return tmp_path / "api.sock"


@pytest.fixture
def bash(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A bash that has done what the script's first line says."""
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")
    monkeypatch.setenv("PS1", PROMPT)
    monkeypatch.setenv("INPUTRC", "/dev/null")
    with on_terminal(place, "--norc", "--noprofile", "-i", width=200, program=["bash"]) as terminal:
        terminal.until(lambda text: PROMPT in text)
        terminal.write("bind 'set bell-style none'; source <(pcloud completion bash); echo 'sour''ced'\n")
        terminal.until(lambda text: "sourced" in text)
        terminal.text = ""
        yield terminal


def completed(bash: Terminal, line: str, wanted: str) -> None:
    """After ``line`` and Tab ``wanted`` stands there."""
    bash.text = ""
    bash.write(f"\x15{line}\t")  # Ctrl-U strikes out what is left of the last one
    bash.until(lambda text: wanted in text)


def test_names_are_those_that_there_are(bash: Terminal, served: Served, pcloud: Pcloud) -> None:
    pcloud("deployable", "create", "blog.yaml")
    completed(bash, "pcloud dep", "pcloud deployable ")
    completed(bash, "pcloud deployable status b", "status blog ")
    completed(bash, "pcloud assembly reboot blog/m", "reboot blog/mysql ")
    completed(bash, "pcloud resource restart blog/web/", "restart blog/web/php ")
    completed(bash, "pcloud events -f blog/w", "-f blog/web")
    completed(bash, "pcloud infrastructure test l", "test local ")
    completed(bash, "pcloud deployable status blog --js", "--json ")


def test_a_name_or_a_file_completes_both(bash: Terminal, served: Served, pcloud: Pcloud) -> None:
    pcloud("deployable", "create", "blog.yaml")
    completed(bash, "pcloud deployable start bl", "start blog")
    bash.text = ""
    bash.write("\x15pcloud deployable start b\t\t")
    said = bash.until(lambda text: "blog.yaml" in text and "bin/" in text)
    assert "blood" not in said


def test_where_no_daemon_is_nothing_is_offered_and_nothing_is_said(bash: Terminal) -> None:
    bash.write("pcloud deployable status nob\t")
    bash.write("ody; echo en''ded\n")
    said = bash.until(lambda text: "ended" in text)
    assert "no daemon answers" in said  # what was completed to itself was run
    assert said.count("error") == 1
    assert "Traceback" not in said


def test_a_daemon_that_hangs_does_not_keep_the_prompt(bash: Terminal, place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(place))
        deaf.listen()
        bash.write("pcloud deployable status nob\t")
        bash.write("\x15echo en''ded\n")
        said = bash.until(lambda text: "ended" in text)
    assert "rror" not in said


@pytest.mark.parametrize("shell", list(Shell))
def test_every_script_says_where_it_belongs(alone: Pcloud, shell: Shell) -> None:
    ended = alone("completion", shell)
    assert ended.code == 0
    assert f"pcloud completion {shell}" in ended.out
