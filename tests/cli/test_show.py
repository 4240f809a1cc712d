"""``pcloud deployable show``: what is registered, and what it comes to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.api.specs import BLOG
from tests.cli.conftest import Pcloud

pytestmark = pytest.mark.real

SHOP = """\
deployable: shop
defaults: {monitor: {silence: 10s}}
recovery:
  restart: {failures: -1}
assemblies:
  db:
    image: host
    volumes: {data: {size: 1GiB, mount: /data}}
"""


def test_a_registered_spec_is_printed_so_that_it_can_be_sent_again(pcloud: Pcloud, tmp_path: Path) -> None:
    pcloud("deployable", "create", "blog.yaml")
    assert pcloud("deployable", "show", "blog").out == BLOG
    body = json.loads(pcloud("deployable", "show", "blog", "--json").out)
    assert body["upload"] == {"source": BLOG, "path": f"{tmp_path}/blog.yaml", "files": {}}
    assert yaml.safe_load(pcloud("deployable", "show", "blog", "-o", "yaml").out) == body


def test_what_a_registered_spec_comes_to_is_a_table_for_each_target(pcloud: Pcloud) -> None:
    pcloud("deployable", "create", "blog.yaml")
    tables = [part.splitlines() for part in pcloud("deployable", "show", "blog", "--effective").out.split("\n\n")]
    assert [table[0] for table in tables] == ["blog", "blog/mysql", "blog/mysql/mysqld", "blog/web", "blog/web/php"]
    assert ["monitor.interval", "200ms", "deployable,", "line", "4"] in [line.split() for line in tables[2]]
    assert ["recovery.restart.failures", "3", "default"] in [line.split() for line in tables[2]]
    body = json.loads(pcloud("deployable", "show", "blog", "--effective", "--json").out)
    assert yaml.safe_load(pcloud("deployable", "show", "blog", "--effective", "-o", "yaml").out) == body
    assert [one["target"] for one in body["targets"]] == [table[0] for table in tables]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "pcloud").mkdir(parents=True)
    (tmp_path / "shop.yaml").write_text(SHOP)
    return tmp_path


def test_a_file_needs_no_daemon(alone: Pcloud, shop: Path) -> None:
    lines = [" ".join(line.split()) for line in alone("deployable", "show", "shop.yaml", "--effective").out.splitlines()]
    assert "recovery.allow relaunch default: because it declares volumes" in lines
    assert "monitor.silence 10s deployable, line 2" in lines
    assert not [line for line in lines if line.startswith("recovery.restart")], "no target there restarts anything"
    body = json.loads(alone("deployable", "show", "./shop.yaml", "--effective", "--json").out)
    found = {one["key"]: one for one in body["targets"][1]["settings"]}
    assert (found["recovery.restart.failures"]["value"], found["recovery.restart.failures"]["applies"]) == (0, False)
    assert alone("deployable", "show", "shop.yaml").out == SHOP
    assert json.loads(alone("deployable", "show", "shop.yaml", "--json").out)["upload"]["source"] == SHOP


def test_a_file_is_judged_under_the_configuration_at_its_usual_place(alone: Pcloud, shop: Path) -> None:
    (shop / "config" / "pcloud" / "pcloud.toml").write_text(
        "[recovery.reboot]\nfailures = 3\n[infrastructures.local.recovery]\nkeep_failed = 4"
    )
    lines = [" ".join(line.split()) for line in alone("deployable", "show", "shop.yaml", "--effective").out.splitlines()]
    assert "recovery.reboot.failures 3 system configuration" in lines
    assert "recovery.keep_failed 4 infrastructure local" in lines


def test_a_file_that_is_wrong_says_so_line_by_line(alone: Pcloud, shop: Path) -> None:
    (shop / "shop.yaml").write_text(SHOP + "    imagee: host\n")
    ended = alone("deployable", "show", "shop.yaml", "--effective")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("shop.yaml:9:")
    assert alone("deployable", "show", "none.yaml").code == 3
