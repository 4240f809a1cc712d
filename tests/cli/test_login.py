from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcloud.cli.login import ssh_command
from pcloud.records.requests import SshTarget
from tests.api.serving import eventually

pytestmark = pytest.mark.real

ADDRESS = "127.77.3.9"  # of this test's own, so that no other listener is met
SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin")


def keypair(directory: Path, name: str) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / name], check=True, timeout=30)
    return directory / name


def free_port() -> int:
    with socket.socket() as trying:
        trying.bind((ADDRESS, 0))
        return int(trying.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex((ADDRESS, port)) == 0


@pytest.fixture
def target(tmp_path: Path) -> Iterator[SshTarget]:
    if SSHD is None:
        pytest.skip("there is no sshd")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    host, client, port = keypair(tmp_path, "host"), keypair(tmp_path, "client"), free_port()
    settings = {
        "ListenAddress": f"{ADDRESS}:{port}",
        "HostKey": host,
        "AuthorizedKeysFile": f"{client}.pub",
        "StrictModes": "no",
        "UsePAM": "yes",
        "PidFile": "none",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
    }
    (tmp_path / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    with subprocess.Popen([SSHD, "-D", "-e", "-f", tmp_path / "sshd_config"], stderr=subprocess.DEVNULL) as server:
        try:
            eventually(lambda: listens(port))
            public = Path(f"{host}.pub").read_text()
            yield SshTarget(address=ADDRESS, port=port, user=getpass.getuser(), key=str(client), host_key=public)
        finally:
            server.terminate()


def log_in(target: SshTarget, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(ssh_command(target, command), capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False)


def test_it_logs_in_runs_the_command_and_hands_on_its_exit_code(target: SshTarget) -> None:
    ended = log_in(target, "echo", "$((6 * 7));", "exit", "3")
    assert (ended.stdout, ended.returncode) == ("42\n", 3)


def test_another_host_key_is_refused(target: SshTarget, tmp_path: Path) -> None:
    other = Path(f"{keypair(tmp_path, 'other')}.pub").read_text()
    ended = log_in(target.model_copy(update={"host_key": other}), "true")
    assert ended.returncode == 255
    assert "Host key verification failed" in ended.stderr


def test_the_users_own_settings_and_known_hosts_are_left_alone(target: SshTarget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host *\n  ProxyCommand false\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert log_in(target, "true").returncode == 0
    assert [one.name for one in (tmp_path / ".ssh").iterdir()] == ["config"]
