"""``pcloud assembly ssh`` into a real machine, with the deployable's own key."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.terminal import LONG, PCLOUD, environment, on_terminal
from tests.system.running import Daemon
from tests.system.specs import group

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


@pytest.fixture
def machine(daemon: Daemon) -> Daemon:
    daemon.bring_up(group())
    return daemon


def run(machine: Daemon, *words: str, said: str = "", at: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [*PCLOUD, "assembly", "ssh", "group/m1", *words]
    return subprocess.run(
        command, env=environment(machine.socket), input=said, capture_output=True, text=True, timeout=LONG, check=False, cwd=at
    )


def test_a_command_runs_there_with_its_input_output_and_exit_code(machine: Daemon) -> None:
    ended = run(machine, "--", "cat; echo oops >&2; exit 7", said="brought along")
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "brought along", "oops\n")
    ended = run(machine, "--", "tty")
    assert ended.stdout == "not a tty\n"
    instance = machine.assembly("group", "m1").instance
    assert instance is not None
    assert run(machine, "--", "echo", "$PCLOUD_ADDRESS").stdout == f"{instance.address}\n"


def test_a_terminal_is_opened_there_and_its_exit_code_is_passed_on(machine: Daemon) -> None:
    with on_terminal(machine.socket, "assembly", "ssh", "group/m1", width=91) as terminal:
        terminal.write("echo there $PCLOUD_ADDRESS; tty; stty size\n")
        terminal.until(lambda text: "there 127." in text and "/dev/pts/" in text and "24 91" in text)
        terminal.write("sh -c \"echo beg''un; exec sleep 1000\"\n")
        terminal.until(lambda text: "begun" in text)
        terminal.write("\x03")  # ends what runs there, and not the session
        terminal.until(lambda text: "^C" in text)
        terminal.write("echo still he''re\n")
        terminal.until(lambda text: "still here" in text)
        terminal.write("exit 5\n")
        assert terminal.end() == 5
    assert machine.client.status("group").state == "healthy"

    with on_terminal(machine.socket, "assembly", "ssh", "-t", "group/m1", "--", "tty && exit 3") as terminal:
        assert terminal.end() == 3
    assert "/dev/pts/" in terminal.text


def test_it_finds_its_key_from_anywhere_also_where_the_daemon_was_given_a_relative_place(daemon: Daemon, tmp_path: Path) -> None:
    daemon.end()
    whole, daemon.state = daemon.state, Path(os.path.relpath(daemon.state))
    try:
        daemon.start()
        daemon.bring_up(group())
        ended = run(daemon, "--", "echo there", at=tmp_path)
        assert (ended.returncode, ended.stdout) == (0, "there\n"), ended.stderr
    finally:
        daemon.state = whole


def test_where_there_is_no_machine_it_says_so(daemon: Daemon) -> None:
    daemon.create(group())
    ended = run(daemon)
    assert ended.returncode == 4
    assert ended.stderr == "error: group/m1 has no machine now\n  pcloud deployable status group shows why\n"
