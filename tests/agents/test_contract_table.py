"""The table of the contract in docs/resource-agents.md is what is really run."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.agents.contract import CASES, Bench

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "resource-agents.md"
SUITES = [
    import_module(f"tests.agents.{each.stem}") for each in sorted(HERE.glob("test_contract_*.py")) if each.stem != Path(__file__).stem
]
ORDER = ("systemd", "ocf", "lsb", "process", "script")  # as the page speaks of them
BENCHES: list[type[Bench]] = sorted((suite.BENCH for suite in SUITES), key=lambda bench: ORDER.index(bench.kind))


def table() -> list[str]:
    """The rows as they should stand."""
    head = [["case", *(bench.kind for bench in BENCHES)], ["---"] * (len(BENCHES) + 1)]
    rows = [[case, *(bench.lacks.get(case, "yes") for bench in BENCHES)] for case in CASES]
    return ["| " + " | ".join(row) + " |" if row[0] != "---" else "|" + "|".join(row) + "|" for row in head + rows]


def test_the_page_has_every_case_of_every_kind() -> None:
    written = PAGE.read_text().partition("\n| case |")[2].split("\n\n")[0].rstrip()
    assert f"| case |{written}".splitlines() == table()


def test_every_suite_runs_all_cases_that_its_kind_does_not_lack() -> None:
    for suite in SUITES:
        (marked,) = [mark for mark in suite.test_case.pytestmark if mark.name == "parametrize"]
        assert list(marked.args[1]) == [case for case in CASES if case not in suite.BENCH.lacks], suite.__name__


def test_a_kind_lacks_only_cases_that_there_are() -> None:
    assert [case for bench in BENCHES for case in bench.lacks if case not in CASES] == []
