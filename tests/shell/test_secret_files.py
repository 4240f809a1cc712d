"""Where secrets come from: what is no secret is said to be none, at once, and no error holds a value."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cpe.shell.secret_files import LONGEST, read_secret
from pcloud.errors import SecretError
from pcloud.model.plan import Secret
from pcloud.model.ports import SecretReading


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "password"
    made.touch(0o600)
    return made


def refused(place: Path) -> str:
    with pytest.raises(SecretError) as caught:
        read_secret(Secret("PW", file=str(place)))
    return str(caught.value).replace(str(place), "FILE")


def test_a_value_comes_without_the_line_breaks_at_its_end(place: Path) -> None:
    place.write_text(" two\nlines \n\n")
    assert read_secret(Secret("PW", file=str(place))) == SecretReading(" two\nlines ")


@pytest.mark.parametrize(
    ("mode", "complaint"), [(0o600, ""), (0o640, ""), (0o400, ""), (0o644, "read"), (0o602, "change"), (0o777, "read")]
)
def test_a_file_that_everybody_may_read_is_complained_of_and_used(place: Path, mode: int, complaint: str) -> None:
    place.write_text("value")
    place.chmod(mode)
    found = read_secret(Secret("PW", file=str(place)))
    told = f"secret PW: everybody on the controller may {complaint} {place} (mode {mode:04o}): chmod 600 it"
    assert (found.value, found.complaint) == ("value", told if complaint else "")
    assert "value" not in repr(found)


def test_one_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path / "none") == "secret PW: FILE cannot be read: No such file or directory"
    assert refused(tmp_path) == "secret PW: FILE is no ordinary file"
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "pipe") == "secret PW: FILE is no ordinary file"
    assert refused(Path("/dev/zero")) == "secret PW: FILE is no ordinary file"


READ = """
import sys
from cpe.shell.secret_files import read_secret
from pcloud.model.plan import Secret
read_secret(Secret("PW", sys.argv[1]))
"""


@pytest.mark.real
def test_one_that_may_not_be_read_is_refused(place: Path) -> None:
    place.write_text("correct-horse")
    place.chmod(0)
    words = [sys.executable, "-c", READ, str(place)]
    if os.geteuid() == 0:  # whom modes hold for only without his capabilities
        words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *words]
    said = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30).stderr
    assert f"SecretError: secret PW: {place} cannot be read: Permission denied" in said
    assert "correct-horse" not in said


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfevalue", "is no text"),
        (b"val\0ue", "holds a NUL, which no variable can"),
        (b"x" * (LONGEST + 1), "is longer than 64 KiB"),
    ],
)
def test_what_cannot_be_a_variable_is_refused_without_a_word_of_it(place: Path, content: bytes, why: str) -> None:
    place.write_bytes(content)
    assert refused(place) == f"secret PW: FILE {why}"


def test_one_of_the_environment_is_there_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WP_DB", "value")
    assert read_secret(Secret("PW", env="WP_DB")) == SecretReading("value")
    monkeypatch.setenv("WP_DB", "")
    with pytest.raises(SecretError, match="secret PW: WP_DB is empty"):
        read_secret(Secret("PW", env="WP_DB"))
    monkeypatch.delenv("WP_DB")
    with pytest.raises(SecretError, match="secret PW: the daemon's environment has no WP_DB"):
        read_secret(Secret("PW", env="WP_DB"))
