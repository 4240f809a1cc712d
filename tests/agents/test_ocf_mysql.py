"""``ocf:heartbeat:mysql`` of Debian with a real MariaDB: the contract's cases that it can show, and a password among its parameters."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pcloud.model.plan import OcfAgent, ResourcePlan
from pcloud.model.ports import ContactSeen
from pcloud.model.words import Verdict
from tests.agents.contract import CASES
from tests.agents.machine import Machine
from tests.agents.processes import command_of, send, until_now
from tests.agents.sightings import plan, watching
from tests.agents.test_contract_ocf import OcfBench

NEEDED = ("/usr/lib/ocf/resource.d/heartbeat/mysql", "/usr/sbin/mariadbd", "/usr/bin/mariadb-install-db")
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.geteuid() != 0, reason="the agent changes users, which only root may"),
    pytest.mark.skipif(not all(Path(each).exists() for each in NEEDED), reason="install resource-agents and mariadb-server-core"),
]

PASSWORD = "correct-horse-battery"
CONFIG = """\
[mysqld]
user=root
skip-networking
innodb-log-file-size=16M
innodb-use-native-aio=off
performance-schema=off
init-file={place}/init.sql
"""


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory, a configuration, and places for socket, pid and log; no server is left on it."""
    place = tmp_path_factory.mktemp("mysql")
    install = ("mariadb-install-db", "--no-defaults", "--force", "--user=root", f"--datadir={place}/data", "--skip-test-db")
    quick = ("--innodb-log-file-size=16M", "--innodb-use-native-aio=off", "--performance-schema=off")
    subprocess.run([*install, *quick], check=True, capture_output=True, timeout=60)
    (place / "my.cnf").write_text(CONFIG.format(place=place))
    grant = f"CREATE USER IF NOT EXISTS monitor@localhost IDENTIFIED BY '{PASSWORD}'; GRANT SELECT ON mysql.* TO monitor@localhost;\n"
    (place / "init.sql").write_text(grant.replace("; ", ";\n"))
    try:
        yield place
    finally:
        for pid in servers(place):
            send(pid, signal.SIGKILL)
        until_now(lambda: not servers(place))


def servers(place: Path) -> list[int]:
    """The MariaDB servers on this data directory: the agent starts them by a login, so that no marker of the machine is left on them."""
    found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in found if command_of(pid).startswith("/usr/sbin/mariadbd") and f"--datadir={place}/data" in command_of(pid)]


class MysqlBench(OcfBench):
    killed = "not running"

    def __init__(self, machine: Machine, place: Path) -> None:
        super().__init__(machine)
        self.place = place

    async def living(self) -> int:
        return len(servers(self.place))

    async def kill(self) -> None:
        for pid in servers(self.place):
            send(pid, signal.SIGKILL)

    def service(self) -> ResourcePlan:
        files = {"datadir": "data", "config": "my.cnf", "socket": "socket", "pid": "pid", "log": "log"}
        params = {name: str(self.place / file) for name, file in files.items()}
        params |= {"binary": "/usr/sbin/mariadbd", "user": "root", "group": "root", "test_user": "monitor"}
        return replace(self.of(OcfAgent("heartbeat", "mysql", tuple(params.items()))), timeout=5.0)


@pytest.mark.parametrize("case", ["killed"])
async def test_case(machine: Machine, databases: Path, case: str) -> None:
    await CASES[case](MysqlBench(machine, databases))


async def test_its_monitor_logs_in_by_the_secret_and_fails_softly_with_another(machine: Machine, databases: Path) -> None:
    bench = MysqlBench(machine, databases)
    service = bench.service()
    assert isinstance(service.agent, OcfAgent)
    service = replace(service, agent=replace(service.agent, variables=(("test_passwd", "DB_PASSWORD"),), check_level=10))
    async with watching(machine, plan(service)) as (agent, sightings):
        await sightings.first(ContactSeen)
        agent.watch(plan(service), lambda: {"DB_PASSWORD": PASSWORD})
        assert (await agent.start(service, {"DB_PASSWORD": PASSWORD})).ok
        assert (await agent.start(service, {"DB_PASSWORD": PASSWORD})).ok
        assert await bench.living() == 1
        await sightings.probe(Verdict.PASSED)
        so_far = len(sightings.all)
        agent.watch(plan(service), lambda: {"DB_PASSWORD": "another"})
        seen = await sightings.probe(Verdict.MISSED, after=so_far)
        assert "Failed to select" in seen.reason
        assert (await agent.stop(service, {"DB_PASSWORD": PASSWORD})).ok


async def test_a_server_that_is_not_installed_blocks_and_a_start_that_fails_says_why(machine: Machine, databases: Path) -> None:
    service = MysqlBench(machine, databases).service()
    assert isinstance(service.agent, OcfAgent)
    params = dict(service.agent.params)
    nowhere = replace(service, agent=replace(service.agent, params=tuple((params | {"binary": "/opt/nope/mysqld"}).items())))
    wrong = replace(service, agent=replace(service.agent, params=tuple((params | {"additional_parameters": "--nope"}).items())))
    async with watching(machine, plan(nowhere)) as (agent, sightings):
        seen = await sightings.probe(Verdict.FAILED)  # what is not installed does not run, says this agent
        assert seen.reason == "Setup problem: couldn't find command: /opt/nope/mysqld"
        refused = await agent.start(nowhere, {})
        assert refused.hard
        assert "couldn't find command" in refused.reason
        assert (await agent.stop(nowhere, {})).ok
        failed = await agent.start(wrong, {})
        assert not failed.hard
        assert failed.reason.startswith("MySQL server failed to start")
