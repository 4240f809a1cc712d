"""Kept actions under each of the shells that a machine may have as its /bin/sh."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from agents.ssh.actions import Kept, payload
from agents.watcher import action_program, reader_command
from tests.agents.processes import kill_marked, marked, until_now
from tests.agents.shells import SHELLS, install_shell

pytestmark = pytest.mark.real

UTILITIES = ("ln", "rm", "mv", "mkdir", "mkfifo", "find", "id", "date", "sed")


class Sessions:
    """Actions that run under one shell in one machine; each is fed as sshd would feed it."""

    def __init__(self, shell: Path, path: str, root: Path) -> None:
        self.marker = f"PCLOUD_ROOT={root}\0"
        self._command = shlex.split(reader_command(str(shell)).removeprefix("exec "))
        self._environment = {"PATH": path, "PCLOUD_ROOT": str(root)}

    def begin(self, script: str, action_id: str, timeout: float = 20.0) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment, start_new_session=True
        )
        assert process.stdin is not None
        process.stdin.write(action_program(kept=True) + payload(script, {}, timeout, Kept(action_id, "resource r")))
        process.stdin.flush()
        return process

    def ran(self, script: str, action_id: str, timeout: float = 20.0) -> bytes:
        process = self.begin(script, action_id, timeout)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            return process.stdout.read()
        finally:
            process.stdin.close()
            process.stdout.close()
            process.wait(10)


@pytest.mark.parametrize("name", SHELLS)
def test_an_action_is_done_once_in_its_turn_and_in_time(name: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "run").mkdir(parents=True)
    (root / "run/boot_id").write_text("6d1c9e5e-0000-4000-8000-000000000001\n")
    shell, path = install_shell(name, tmp_path / "bin")
    for tool in UTILITIES if name == "posix" else ():
        (tmp_path / "bin" / tool).symlink_to(f"/usr/bin/{tool}")
    sessions = Sessions(shell, path, root)
    try:
        first = sessions.begin(
            f"echo in >>{root}/log; until [ -e {root}/go ]; do sleep 1; done; echo out >>{root}/log; echo said; exit 3", "c.1"
        )
        until_now((root / "log").exists)
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdin.close()  # the connection breaks
        assert sessions.ran("true", "c.2", 1.0) == b"\npcloud-status busy\nc.1\n"
        (root / "go").touch()
        assert sessions.ran(f"echo second >>{root}/log", "c.3") == b"\npcloud-status 0\n"
        assert sessions.ran("echo never", "c.1") == b"\npcloud-status 3\nsaid\n"
        assert (root / "log").read_text().split() == ["in", "out", "second"]
        assert sessions.ran("echo begun; sleep 20 & wait", "c.4", 3.0) == b"\npcloud-status timeout\nbegun\n"
        first.stdout.close()
        first.wait(10)
        until_now(lambda: not marked(sessions.marker))
    finally:
        kill_marked(sessions.marker)
