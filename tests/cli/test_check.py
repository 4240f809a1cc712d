from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.api.specs import BLOG
from tests.cli.conftest import Pcloud

BAD = BLOG.replace("after: [mysql]", "after: [mysqk]").replace(
    "    image: host\n    resources:\n      mysqld", "    imag: host\n    resources:\n      mysqld"
)


def test_a_good_spec_is_summed_up_without_a_daemon(alone: Pcloud) -> None:
    ended = alone("deployable", "check", "blog.yaml")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "blog.yaml: deployable blog, 2 assemblies, 2 resources\n"


def test_every_problem_stands_on_its_line_with_its_place_and_cure(alone: Pcloud, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)
    ended = alone("deployable", "check", "bad.yaml")
    assert (ended.code, ended.out) == (1, "")
    lines = ended.err.splitlines()
    assert any(line.startswith("bad.yaml:7:") and "assemblies.mysql.imag" in line and '"image"' in line for line in lines)
    assert any(line.startswith("bad.yaml:12:") and 'did you mean "mysql"?' in line for line in lines)


def test_problems_for_programs_are_on_standard_output(alone: Pcloud, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)
    ended = alone("deployable", "check", "bad.yaml", "--json")
    assert (ended.code, ended.err) == (1, "")
    assert {"line", "column", "path", "message", "cure"} == set(json.loads(ended.out)["problems"][0])
    assert json.loads(alone("deployable", "check", "blog.yaml", "--json").out) == {"name": "blog", "problems": [], "warnings": []}


def test_scripts_are_read_beside_the_spec_and_a_missing_one_is_a_problem_of_its_line(alone: Pcloud, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "blog.yaml").write_text(BLOG.replace("    after:", "    provision: {script: files/web.sh}\n    after:"))
    ended = alone("deployable", "check", "deep/blog.yaml")
    assert ended.code == 1
    assert ended.err.startswith("deep/blog.yaml:12:")
    (tmp_path / "deep" / "files").mkdir()
    (tmp_path / "deep" / "files" / "web.sh").write_text("true\n")
    assert alone("deployable", "check", "deep/blog.yaml").code == 0


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b""], ids=["not text", "empty"])
def test_a_file_that_is_no_spec_is_told_so(alone: Pcloud, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.yaml").write_bytes(content)
    ended = alone("deployable", "check", "odd.yaml")
    assert ended.code == 1
    assert "odd.yaml" in ended.err


def test_a_directory_is_no_spec(alone: Pcloud, tmp_path: Path) -> None:
    ended = alone("deployable", "check", str(tmp_path))
    assert ended.code == 1
    assert "directory" in ended.err
