"""Files that are no specs: each is told at once, by its name, and never waited for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.specs import BLOG
from tests.cli.conftest import Pcloud


def refused(pcloud: Pcloud, *arguments: str) -> str:
    ended = pcloud("deployable", *arguments)
    assert (ended.code, ended.out) == (1, "")
    return ended.err


def test_a_pipe_is_not_waited_for(alone: Pcloud, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    assert refused(alone, "check", "pipe.yaml") == "error: cannot read pipe.yaml: it is a pipe\n  write its content to a file\n"


def test_a_directory_is_told(alone: Pcloud) -> None:
    assert refused(alone, "check", ".") == "error: cannot read .: Is a directory\n"


def test_binary_data_is_told(alone: Pcloud, tmp_path: Path) -> None:
    (tmp_path / "image.yaml").write_bytes(bytes(range(256)) * 100)
    assert refused(alone, "check", "image.yaml") == "error: cannot read image.yaml: it is not UTF-8 text\n"
    (tmp_path / "control.yaml").write_bytes(b"deployable: shop\nassemblies: \x00\x01\n")
    assert refused(alone, "check", "control.yaml").startswith("control.yaml:2:13: has a character that YAML does not allow")


def test_ten_megabytes_are_told_at_once(alone: Pcloud, tmp_path: Path) -> None:
    (tmp_path / "big.yaml").write_bytes(b"a: b\n" * 2_000_000)
    assert refused(alone, "check", "big.yaml") == "error: cannot read big.yaml: it is longer than 1,000,000 characters\n"
    assert refused(alone, "check", "/dev/zero") == "error: cannot read /dev/zero: it is longer than 1,000,000 characters\n"


def test_a_deep_nest_is_told(alone: Pcloud, tmp_path: Path) -> None:
    (tmp_path / "deep.yaml").write_text("deployable: " + "[" * 10_000)
    assert "goes deeper than 50 levels" in refused(alone, "check", "deep.yaml")


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(BLOG)
    (tmp_path / "mine.yaml").chmod(0)
    words = [sys.executable, "-m", "pcloud.cli", "deployable", "check", "mine.yaml"]
    if os.geteuid() == 0:  # whom modes hold for only without his capabilities
        words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *words]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert (ended.returncode, ended.stderr) == (1, "error: cannot read mine.yaml: Permission denied\n")


def test_what_a_shell_hands_over_as_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "blog.yaml").write_text(BLOG)
    ended = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m pcloud.cli deployable check <(cat blog.yaml)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("script", [".", "pipe", "none.sh", "image"])
def test_a_script_that_is_none_is_a_mistake_of_its_line_beside_the_others(alone: Pcloud, tmp_path: Path, script: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "image").write_bytes(b"\xff\xfe")
    (tmp_path / "blog.yaml").write_text(BLOG.replace("    after:", f"    configure: {{script: {script}}}\n    data: epherema\n    after:"))
    lines = refused(alone, "check", "blog.yaml").splitlines()
    assert [line.split(":")[1] for line in lines] == ["12", "13"]
    assert f"{script} cannot be read; paths are relative to the spec file" in lines[0]


@pytest.mark.parametrize("name", ["my shop", "x" * 200])
def test_a_name_that_nothing_can_have_is_answered_clearly(pcloud: Pcloud, name: str) -> None:
    ended = pcloud("deployable", "status", name)
    assert ended.code in {2, 3}
    assert ended.out == ""
    assert name[:40] in ended.err.splitlines()[-1] + ended.err.splitlines()[0]


def test_a_name_with_a_dot_is_a_file_that_is_not_there(pcloud: Pcloud) -> None:
    ended = pcloud("deployable", "start", "my.shop")
    assert (ended.code, ended.err) == (3, "error: there is no file my.shop\n")
