"""A daemon that is watched: what systemd and Prometheus are told of it, and a deployable that nobody can look after."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as families

from cpe.shell.store.sums import know_sums, sum_of
from tests.cli.conftest import Pcloud
from tests.system.running import Daemon, until
from tests.system.scraping import samples, scraped
from tests.system.specs import pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

HOUSE = Path(__file__).parents[2]
DOCUMENTED = re.compile(r"^\| `([a-z_]+)` \|", re.MULTILINE)
NAMED = re.compile(r"\b(?:pcloud|process)_[a-z_]+\b")


class Systemd:
    """The other end of NOTIFY_SOCKET; it takes in whatever comes, at once."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._said: list[str] = []
        self._looked = 0
        self._thread = threading.Thread(target=self._listen, name="systemd")
        self._path = path
        self._thread.start()

    def _listen(self) -> None:
        while (word := self._socket.recv(4096).decode()) != "end":
            self._said.append(word)

    def hears(self, text: str) -> str:
        """The first word from now on that has this in it."""

        def look() -> str:
            while self._looked < len(self._said):
                self._looked += 1
                if text in self._said[self._looked - 1]:
                    return self._said[self._looked - 1]
            return ""

        return until(look, f"{text} is said")

    def everything(self) -> int:
        """How many words it has heard."""
        self._looked = len(self._said)
        return self._looked

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ending:
            ending.connect(str(self._path))
            ending.send(b"end")
        self._thread.join()
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    """Of a daemon that is started after this."""
    made = Systemd(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    yield made
    made.close()


@pytest.fixture
def daemon(systemd: Systemd, daemon: Daemon) -> Daemon:
    return daemon


def exposed(text: str) -> set[str]:
    """The names of all metrics, as a query writes them."""
    return {family.name + ("_total" if family.type == "counter" else "") for family in families(text)}


def test_systemd_and_prometheus_are_told_how_all_stand_before_during_and_after_a_recovery(daemon: Daemon, systemd: Systemd) -> None:
    assert systemd.hears("EXTEND_TIMEOUT_USEC=").endswith("STATUS=opening the store")
    systemd.hears("STATUS=no deployables")
    systemd.hears("READY=1")
    systemd.hears("WATCHDOG=1")
    daemon.bring_up(pair())
    systemd.hears("STATUS=1 deployable: 1 healthy; contact with 2 of 2 machines")
    before = samples(scraped(daemon))
    assert before["pcloud_deployables{state=healthy}"] == 1
    assert before["pcloud_assemblies{state=healthy}"] == before["pcloud_resources{state=healthy}"] == before["pcloud_connections"] == 2
    assert before["pcloud_infrastructure_calls_total{call=creating,infrastructure=local,outcome=ok}"] == 2
    assert 0 < before["pcloud_store_commits_total"] <= before["pcloud_store_writes_total"]
    assert before["pcloud_store_size_bytes{file=log}"] > 0
    assert before["pcloud_tasks"] > 5
    assert before["process_resident_memory_bytes"] > 1e7

    mark = daemon.newest()
    daemon.kill_service("pair", "back", "service")
    daemon.until_event(lambda event: event.target == "pair/back/service" and event.to == "healthy", "it is restarted", mark)
    daemon.until_state("pair", "healthy")
    after = until(lambda: (now := samples(scraped(daemon))).get("pcloud_recovery_seconds_count{action=restart}") and now, "it is timed")
    assert after["pcloud_decisions_total{action=restart,choice=act}"] == 1
    assert after["pcloud_events_total{kind=changed}"] > before["pcloud_events_total{kind=changed}"]
    assert list(open_families(scraped(daemon, "application/openmetrics-text")))
    daemon.end()
    assert "STATUS=stopping" in systemd.hears("STOPPING=1")


def test_whatever_is_asked_for_gets_a_text_or_a_problem(daemon: Daemon) -> None:
    for accept in ("nonsense;;q=,", "application/openmetrics-text;version=x", "text/plain;version=9.9", "*/*"):
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(daemon.socket))) as client:
            answer = client.get("http://localhost/metrics", headers={"accept": accept})
            assert (answer.status_code, "pcloud_build_info" in answer.text) == (200, True), accept
            refused = client.post("http://localhost/metrics")
            assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


def test_the_page_and_the_rules_name_the_metrics_that_there_are_and_no_others(daemon: Daemon) -> None:
    there = exposed(scraped(daemon))
    assert sorted(DOCUMENTED.findall((HOUSE / "docs/metrics.md").read_text())) == sorted(there)
    [group] = yaml.safe_load((HOUSE / "packaging/prometheus/pcloud.rules.yml").read_text())["groups"]
    asked = {name for rule in group["rules"] for name in NAMED.findall(rule["expr"])}
    assert len(group["rules"]) > 5
    assert asked <= there, "a rule about what is not there never fires"


def test_a_daemon_that_hangs_gives_no_sign_of_life(daemon: Daemon, systemd: Systemd) -> None:
    systemd.hears("WATCHDOG=1")
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGSTOP)
    time.sleep(1)  # what it had said is heard
    before = systemd.everything()
    time.sleep(3)  # three times what systemd would wait
    assert systemd.everything() == before
    daemon.process.send_signal(signal.SIGCONT)
    systemd.hears("WATCHDOG=1")


def put_state(store: sqlite3.Connection, name: str, state: str) -> None:
    """As a version of before might have written it: the row is whole, and what is in it makes no sense."""
    store.execute("UPDATE states SET state = ? WHERE deployable = ?", (state, name))
    know_sums(store).execute(f"UPDATE states SET sum = {sum_of('states')}")


def test_a_state_that_cannot_be_read_blocks_its_deployable_alone_until_it_is_mended_and_retried(daemon: Daemon, pcloud: Pcloud) -> None:
    for name in ("ill", "well"):
        daemon.create(pair().replace("deployable: pair", f"deployable: {name}"))
    daemon.end()
    with closing(sqlite3.connect(daemon.state / "store.db", isolation_level=None)) as store:
        [(state,)] = store.execute("SELECT state FROM states WHERE deployable = 'ill'").fetchall()
        put_state(store, "ill", '{"name": 7}')
    daemon.start()
    assert [(each.name, each.state) for each in daemon.client.list_deployables()] == [("ill", "blocked"), ("well", "stopped")]
    shown = pcloud("deployable", "status", "ill")
    assert shown.code == 5
    assert "it could not be taken up: a stored state cannot be read; restore the store" in shown.out
    assert "pcloud retry ill starts it again" in shown.out
    for words in (("deployable", "start", "ill"), ("pause", "ill"), ("retry", "ill/back")):
        refused = pcloud(*words)
        assert (refused.code, refused.out) == (4, ""), words
        assert "ill is blocked" in refused.err
    assert pcloud("retry", "ill").code == 1
    assert samples(scraped(daemon))["pcloud_deployables{state=blocked}"] == 1
    assert [event.deployable for event in daemon.events() if event.kind == "alert"] == ["ill"]
    assert pcloud("pause", "well").code == 0

    daemon.end()
    with closing(sqlite3.connect(daemon.state / "store.db", isolation_level=None)) as store:
        put_state(store, "well", '{"name": 7}')
        put_state(store, "ill", state)
    daemon.start()
    assert [(each.name, each.state) for each in daemon.client.list_deployables()] == [("ill", "stopped"), ("well", "blocked")]
