"""``pcloud replay`` against a real server, whose journal is that of a deployable that lived in virtual time."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pcloud.model.words import Rung
from pcloud.records.requests import SpecUpload
from pcloud.spec.loading import load
from pcloud.spec.planning import plan
from tests.api.memory_controller import Deployable, MemoryController
from tests.cli.conftest import Pcloud
from tests.policy.world import World
from tests.replay.traces import journal_of

pytestmark = pytest.mark.real

SPEC = """\
deployable: shop
infrastructure: lab
assemblies:
  db:
    image: debian-12
    volumes: {data: {size: 5GiB, mount: /var/lib/mysql}}
    resources:
      mysqld: {agent: "systemd:mariadb"}
  web:
    image: debian-12
    after: [db]
    resources:
      apache: {agent: "systemd:apache2"}
  mail:
    image: debian-12
    resources:
      postfix: {agent: "systemd:postfix"}
"""
DOCS = Path(__file__).parents[2] / "docs" / "replay.md"
TRANSCRIPT = re.compile(r"^    \$ pcloud (replay .*)\n(?:    .*\n)*", re.MULTILINE)
MORE = "recovery.restart.failures=5"


def life() -> World:
    """A database that only a reboot cures, a controller that is restarted, a mail server that a restart cures."""
    world = World(plan(load(SPEC, path="shop.yaml", files={})))
    world.advance(60)
    world.ail("db/mysqld", cure=Rung.REBOOT)
    world.advance(150)
    world.resume(away=30.0)
    world.advance(600)
    world.ail("mail/postfix")
    world.advance(120)
    return world


@pytest.fixture
def shop(controller: MemoryController, pcloud: Pcloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pcloud]:
    """``pcloud``, where that life has been lived."""
    journal = journal_of(life())
    controller.deployables["shop"] = Deployable(SpecUpload(source=SPEC, path="shop.yaml"), {})
    controller.taken, controller.stored = list(journal.facts), list(journal.events)
    (tmp_path / "shop.yaml").write_text(SPEC)
    (tmp_path / "hasty.yaml").write_text(SPEC + "recovery: {restart: {failures: 1}}\n")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLUMNS", "140")
    time.tzset()
    yield pcloud
    monkeypatch.undo()
    time.tzset()


def comparisons(out: str) -> list[str]:
    return [row["comparison"] for row in json.loads(out)["decisions"]]


def test_nothing_changed_is_all_the_same(shop: Pcloud) -> None:
    ended = shop("replay", "shop", "--json")
    assert (ended.code, ended.err) == (0, "")
    assert set(comparisons(ended.out)) == {"same"}
    assert json.loads(ended.out)["departures"] == []
    assert comparisons(shop("replay", "shop", "--spec", "shop.yaml", "--json").out) == comparisons(ended.out)


def test_a_setting_shows_what_would_have_been_different(shop: Pcloud) -> None:
    ended = shop("replay", "shop", "--set", MORE, "--json")
    assert ended.code == 0
    assert set(comparisons(ended.out)) == {"same", "different", "not comparable"}
    first = next(row for row in json.loads(ended.out)["decisions"] if row["comparison"] == "different")
    assert (first["target"], first["then"]["action"], first["now"]) == ("db", "reboot", None)


def test_another_spec_shows_what_would_have_been_different(shop: Pcloud) -> None:
    ended = shop("replay", "shop", "--spec", "hasty.yaml", "-o", "yaml")
    assert ended.code == 0
    assert "comparison: different" in ended.out


def test_since_leaves_out_rows_and_nothing_of_what_led_to_them(shop: Pcloud) -> None:
    all_of_it = json.loads(shop("replay", "shop", "--set", MORE, "--json").out)["decisions"]
    late = json.loads(shop("replay", "shop", "--set", MORE, "--since", all_of_it[-3]["at"], "--json").out)["decisions"]
    assert late == [row for row in all_of_it if row["at"] >= all_of_it[-3]["at"]]
    assert 0 < len(late) < len(all_of_it)


def test_an_unknown_deployable_is_exit_code_3(shop: Pcloud) -> None:
    ended = shop("replay", "shp")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err == 'error: there is no deployable shp\n  did you mean "shop"?\n'


WRONG = [
    (("--set", "recovery.restart.failure=5"), 'error: --set recovery.restart.failure=5: unknown key "recovery.restart.failure"'),
    (("--set", "recovery.restart.failures=many"), 'error: --set recovery.restart.failures=many: "many" is not a number of failures'),
    (("--set", "more"), "error: --set more: is no setting\n  write PATH=VALUE"),
    (("--spec", "nowhere.yaml"), "error: there is no file nowhere.yaml"),
    (("--spec", "blog.yaml"), "error: --spec blog.yaml: describes blog, and not shop\n  give a spec of shop"),
    (("--spec", "bad.yaml"), "bad.yaml:3:3: assemblies.web"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_a_setting_or_spec_that_cannot_be_is_exit_code_2_with_its_cure(
    shop: Pcloud, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "bad.yaml").write_text("deployable: shop\nassemblies:\n  web: {imag: x}\n")
    ended = shop("replay", "shop", *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_a_deployable_without_facts_has_nothing_to_replay(shop: Pcloud, controller: MemoryController) -> None:
    controller.taken.clear()
    ended = shop("replay", "shop")
    assert ended.code == 0
    assert ended.out.startswith("Nothing is recorded of shop that could be replayed.\n")


def test_the_transcripts_of_the_docs_are_what_is_said(shop: Pcloud) -> None:
    """With REWRITE=1 in the environment they are written anew, to be reviewed as a diff."""

    def played(found: re.Match[str]) -> str:
        said = shop(*found[1].split()).out
        return f"    $ pcloud {found[1]}\n" + "".join(f"    {line}\n" for line in said.splitlines())

    told = DOCS.read_text()
    anew, count = TRANSCRIPT.subn(played, told)
    if os.environ.get("REWRITE"):
        DOCS.write_text(anew)
    assert count == 2
    assert anew == DOCS.read_text()
