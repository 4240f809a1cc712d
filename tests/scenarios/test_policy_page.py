"""``docs/policy.md`` is held to the files that it points to, and its tables to the code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from cpe.policy import limits
from pcloud.model.plan import Check, MonitorPlan, RecoverySettings, ResourcePlan, RungSettings
from pcloud.model.words import Guard, Rung
from pcloud.spec.units import duration
from tests.scenarios.scenario import scenarios

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "policy.md").read_text()
SECTIONS = re.findall(r"^## (\d)\. .*\n((?:(?!^## ).*\n)*)", PAGE, re.MULTILINE)
RULE = re.compile(r"^- \*\*(\d)\.(\d+) (?:(?!^- |^$).*\n)*", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)\)")

# Where two kinds have a key of one name (interval, timeout) it has one default.
SETTINGS = {field.name: field.default for kind in (Check, ResourcePlan, MonitorPlan, RecoverySettings) for field in fields(kind)}
SETTINGS["action_timeout"] = ResourcePlan("", None).action_limit  # what None comes to
OF_ONE_DEPLOYABLE = {Guard.PAUSE, Guard.MODE}  # what stands in the way without the controller's guards being asked


def table(first: str) -> list[list[str]]:
    """The rows of the table that begins with this column, without the two of its head."""
    head = next(line for line in PAGE.splitlines() if line.startswith(f"| {first} |"))
    rows = PAGE.partition(head)[2].partition("\n\n")[0].strip().splitlines()[1:]
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows]


def test_every_link_leads_somewhere() -> None:
    lost = [link for link in LINK.findall(PAGE) if not (DOCS / link).is_file()]
    assert lost == []


def test_every_scenario_is_linked() -> None:
    linked = {Path(link).stem for link in LINK.findall(PAGE) if link.endswith(".txt")}
    assert [each.name for each in scenarios() if each.name not in linked] == []


def test_every_section_has_rules_that_are_numbered_in_order_and_shown_by_something() -> None:
    assert [number for number, _ in SECTIONS] == list("123456789")
    for section, text in SECTIONS:
        rules = list(RULE.finditer(text))
        assert [rule.group(1, 2) for rule in rules] == [(section, str(place)) for place in range(1, len(rules) + 1)]
        assert rules, f"section {section} has no rules"
        unshown = [rule.group()[:40] for rule in rules if not LINK.search(rule.group())]
        assert unshown == []


def test_the_table_of_rungs_is_the_codes() -> None:
    settings = RecoverySettings()
    written = {rung: RungSettings(int(count), *(duration(cell) for cell in rest)) for rung, count, *rest in table("rung")}
    assert written == {str(rung): settings.rung(rung) for rung in Rung if rung is not Rung.RELOCATE}


@pytest.mark.parametrize("row", table("setting"), ids=lambda row: row[0])
def test_a_default_is_the_codes(row: list[str]) -> None:
    name, written, _ = row
    default = SETTINGS[name]
    if isinstance(default, float):
        assert duration(written) == default
    else:
        assert written == str(default)


@pytest.mark.parametrize("row", table("what"), ids=lambda row: row[2])
def test_a_number_of_a_guard_is_the_codes(row: list[str]) -> None:
    _, written, name = row
    if not written.endswith(" %"):
        assert duration(written) == getattr(limits, name)
        return
    share = int(written.removesuffix(" %"))
    if name == "most_unhealthy":
        assert limits.most_unhealthy(100) == share
    else:
        assert (limits.way_out_doubtful(share, 100), limits.way_out_doubtful(share + 1, 100)) == (False, True)


def test_every_number_of_the_guards_is_in_the_table() -> None:
    written = {row[2] for row in table("what")}
    assert [name for name in vars(limits) if name.isupper() and name not in written] == []


def test_every_guard_is_named_in_its_section() -> None:
    section = dict(SECTIONS)["5"]
    assert [str(each) for each in Guard if each not in OF_ONE_DEPLOYABLE and f"`{each}`" not in section] == []
