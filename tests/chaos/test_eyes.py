"""The judge's eyes on real things: processes of real machines, and a store that the daemon's own code has written."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.processes import kill_all, members
from cpe.shell.store.sqlite import SqliteStore
from pcloud.model.actions import Decision, Report
from pcloud.model.state import AssemblyState, DeployableState, Recovery
from pcloud.model.words import Choice, Phase, Rung
from tests.chaos.applications import program
from tests.chaos.evidence import Evidence
from tests.chaos.eye import Eye, conflicts
from tests.chaos.faults.machines import start_sshd
from tests.chaos.ledger import Ledger
from tests.chaos.naive import START
from tests.chaos.processes import Process, Table
from tests.chaos.site import Site
from tests.store.states import UPLOAD
from tests.system.running import until

pytestmark = pytest.mark.real

TARGET = "east-0/db"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site("pcloud", tmp_path.resolve() / "clouds", 0)
    made.cloud("east").mkdir(parents=True)
    yield made
    for node in made.nodes():
        kill_all(node.directory)
        assert members(node.directory) == []


def launch(site: Site, generation: int, volume: str = "") -> None:
    driver = LocalNodeDriver(site.cloud("east"))
    tags = {"pcloud-deployable": "east-0", "pcloud-assembly": "db", "pcloud-generation": str(generation)}
    script = START.format(program=program(), variables="").encode()
    volumes = {volume: "/data"} if volume else {}
    driver.create_node("east-0-db", driver.list_sizes()[0], driver.list_images()[0], script, tags, volumes)


def looking(site: Site) -> tuple[Eye, Evidence]:
    evidence = Evidence()
    return Eye({site: evidence}, [TARGET], time.monotonic()), evidence


def sees(eye: Eye, site: Site, *, whole: bool) -> None:
    def look() -> bool:
        eye.look()
        return eye.whole(site, TARGET) is whole

    until(look, f"the eye sees that it is {'' if whole else 'not '}whole")


def of(site: Site, wanted: str) -> list[Process]:
    [node] = site.nodes()
    return [process for process in Table().of(node.directory) if getattr(process, wanted)]


def test_a_machine_is_whole_while_all_of_it_goes_on(site: Site) -> None:
    launch(site, 1)
    eye, _ = looking(site)
    sees(eye, site, whole=True)
    for part in ("serves", "listens_for_ssh", "supervises"):
        for process in of(site, part):
            process.send(signal.SIGSTOP)
        sees(eye, site, whole=False)
        for process in of(site, part):
            process.send(signal.SIGCONT)
        sees(eye, site, whole=True)
    for process in of(site, "listens_for_ssh"):
        process.send(signal.SIGKILL)
    sees(eye, site, whole=False)
    start_sshd(site.nodes()[0].directory)
    sees(eye, site, whole=True)
    for process in of(site, "serves"):
        process.send(signal.SIGKILL)
    sees(eye, site, whole=False)


def test_two_generations_that_run_at_once_are_seen(site: Site) -> None:
    launch(site, 1)
    eye, evidence = looking(site)
    sees(eye, site, whole=True)
    launch(site, 2)
    sees(eye, site, whole=False)
    kill_all(site.nodes()[1].directory)
    sees(eye, site, whole=True)
    assert [(double.target, double.generations) for double in evidence.doubles] == [(TARGET, (1, 2))]


def test_two_writers_of_one_volume_are_seen(site: Site, tmp_path: Path) -> None:
    launch(site, 1, LocalNodeDriver(site.cloud("east")).create_volume(1, "data").id)
    eye, _ = looking(site)
    sees(eye, site, whole=True)
    assert conflicts(site) == []
    root = site.nodes()[0].directory / "root"
    (tmp_path / "data").symlink_to((root / "data").readlink())
    other = subprocess.run(
        ["python3", "-I", "-S", root / "service.py"],
        env={"PCLOUD_ROOT": str(tmp_path), "PCLOUD_ADDRESS": "127.0.0.1", "PATH": os.environ["PATH"]},
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert b"somebody else writes into this volume" in other.stderr
    [conflict] = conflicts(site)
    assert str(tmp_path) in conflict


def test_a_counter_that_goes_back_is_seen(site: Site) -> None:
    volume = LocalNodeDriver(site.cloud("east")).create_volume(1, "data").id
    counter = site.cloud("east") / "volumes" / volume / "data" / "counter"
    eye, evidence = looking(site)
    for number in (3, 4, 2):
        counter.write_text(str(number))
        eye.look()
    assert len(evidence.backwards) == 1
    assert "2 after 4" in evidence.backwards[0]


def recovery(rung: Rung, **more: object) -> Recovery:
    return replace(Recovery(rung, Phase.ACTING, None, "d-1", permit="p-1"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("states", "flying"),
    [
        ([recovery(Rung.REBOOT)], 1),
        ([recovery(Rung.REBOOT), recovery(Rung.RELAUNCH, permit="p-2")], 2),
        ([recovery(Rung.RESTART)], 0),
        ([recovery(Rung.REBOOT, manual=True)], 0),
        ([recovery(Rung.REBOOT, phase=Phase.ASKING)], 0),
        ([None], 0),
    ],
)
async def test_what_is_in_flight_is_counted_in_the_store(tmp_path: Path, states: list[Recovery | None], flying: int) -> None:
    evidence = Evidence()
    assemblies = {f"a{number}": AssemblyState(recovery=each) for number, each in enumerate(states)}
    decision = Decision("d-1", Choice.ACT, "3.2", Rung.REBOOT, Rung.REBOOT)
    async with SqliteStore(tmp_path) as store:
        await store.save_deployable("east-0", UPLOAD)
        report = Report("decided", "db", "", "healthy", "failed", "dead", "d-1", decision)
        await store.record(DeployableState("east-0", assemblies=assemblies), at=1.0, wall=1.0, reports=[report])
        ledger = Ledger(tmp_path, evidence, {"east-0": "east"}, time.monotonic())
        ledger.start()
        ledger.take_stock(Site("pcloud", tmp_path, 0))
        ledger.close()
    assert evidence.stored == {"east-0"}
    assert (evidence.crowds[-1].deployables["east-0"], evidence.crowds[-1].infrastructures["east"]) == (flying, flying)
    [line] = [line for line in evidence.lines if line.kind == "decided"]
    assert (line.target, line.acts, line.after) == ("east-0/db", "reboot", "failed")
    assert ledger.words() == {"east-0/db": "failed"}
