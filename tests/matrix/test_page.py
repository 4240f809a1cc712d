"""docs/reliability.md shows the matrix as it is, all of it green."""

from __future__ import annotations

import re
from pathlib import Path

from pcloud.failpoints import NAMES
from tests.matrix.printing import printed
from tests.matrix.running import Case, Result
from tests.matrix.table import ELSEWHERE, matrix

PAGE = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()


def test_the_page_has_a_row_for_every_point_and_a_letter_for_every_case() -> None:
    shown = PAGE[PAGE.index("| point |") :]
    table = shown[: shown.index("\n\n") + 1]
    assert table.replace("!", "") == printed(Result(case, end="healthy") for case in matrix())


def test_the_page_names_what_is_not_in_the_matrix() -> None:
    assert [call for call in ELSEWHERE if f"`{call}`" not in PAGE] == []


def test_the_page_names_no_point_that_does_not_exist() -> None:
    known = {*NAMES, *(name.rpartition(".")[0] for name in NAMES)}
    told = set(re.findall(r"[`'; ]([a-z]+(?:\.[a-z_]+)+)(?:=|`)", PAGE)) - {"docs.rs"}
    assert {name for name in told if not name.endswith(".md")} - known == set()


def test_a_case_that_went_wrong_is_seen_in_the_table() -> None:
    wrong = Result(Case("restart", "restart.stored", "kill"), problems=["two generations"])
    blocked = Result(Case("restart", "restart.done", "kill"), end="blocked")
    lines = printed([wrong, blocked]).splitlines()
    assert lines[2].startswith("| `restart.stored` | K |")
    assert lines[3].startswith("| `restart.done` | k! |")
