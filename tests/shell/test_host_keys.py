"""Host keys as people and consoles write them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cpe.shell.host_keys import BEGIN, END, fingerprint, from_console, plain
from pcloud.errors import RefusedError
from tests.agents.machine import keygen

pytestmark = pytest.mark.real


def test_a_fingerprint_is_the_one_that_ssh_shows(tmp_path: Path) -> None:
    line = keygen(tmp_path / "key")
    shown = subprocess.run(["ssh-keygen", "-l", "-f", tmp_path / "key.pub"], capture_output=True, text=True, check=True, timeout=10).stdout
    assert fingerprint(plain(line)).split()[0] == shown.split()[1]


def test_a_line_is_read_with_or_without_host_and_comment(tmp_path: Path) -> None:
    key = keygen(tmp_path / "key").rsplit(" ", 1)[0]
    for written in (key, f"{key} root@old", f"db.example.org,10.0.0.1 {key}", f"  {key}\n"):
        assert plain(written) == key


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "ssh-ed25519 !!!", "ssh-ed25519 AAAA", "SHA256:abc"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        plain(text)


def test_the_last_boot_on_a_console_counts_and_its_ed25519_key_first(tmp_path: Path) -> None:
    old, new = (keygen(tmp_path / name).rsplit(" ", 1)[0] for name in ("old", "new"))
    boots = [f"login:\r\n{BEGIN}\r\necdsa-sha2-nistp256 AAAAE2Vj root@x\r\n{key} root@x\r\n{END}\r\n" for key in (old, new)]
    assert from_console("".join(boots)) == new
    assert from_console(boots[0] + BEGIN + "\n" + new) == ""
    assert from_console("a console without any") == ""
