"""Machines that pcloud did not make: watched over a verified host key, rebooted by their own command, and never replaced."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cpe.shell.infrastructures.local.processes import freeze, kill_all, thaw
from pcloud.errors import RefusedError
from pcloud.model.words import Choice
from tests.infrastructures.machines import root
from tests.system.racks import Rack, open_to
from tests.system.running import Daemon, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

POWER = """
import os, sys
from pathlib import Path
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
driver = LocalNodeDriver(Path(sys.argv[1]))
print("Chassis Power Control: Cycle", os.environ["PCLOUD_ASSEMBLY"], os.environ["PCLOUD_ADDRESS"])
print("logged in with", os.environ["IPMI_PASSWORD"], flush=True)
driver.ex_hard_reboot_node(driver.ex_get_node(sys.argv[2]))
"""


@pytest.fixture
def rack(tmp_path: Path) -> Iterator[Rack]:
    made = Rack(tmp_path / "rack")
    try:
        yield made
    finally:
        kill_all(made.home)


def spec(rack: Rack, *, name: str = "racked", key: str = "", reboot: str = "exit 9", secrets: str = "{}") -> str:
    return f"""
deployable: {name}
infrastructure: local
defaults:
  monitor: {{interval: 200ms, timeout: 1s, silence: 2s}}
assemblies:
  rack-7:
    address: {rack.address}
    monitor: {rack.monitor(key)}
    secrets: {secrets}
    reboot: {{command: {json.dumps(reboot)}}}
    resources:
      sleeper: {{agent: 'process:sleep 100000'}}
    recovery: {{reboot: {{failures: 3, delay: 0, verify: 30s}}}}
  peer:
    image: host
    data: ephemeral
"""


def let_in(daemon: Daemon, rack: Rack) -> None:
    """Do what its status says, and wait until it is well."""
    open_to(daemon, rack, "racked", "rack-7")
    daemon.until_state("racked", "healthy")


def test_a_machine_that_was_there_before_is_looked_after_and_never_replaced(daemon: Daemon, rack: Rack, tmp_path: Path) -> None:
    (tmp_path / "power.py").write_text(POWER)
    password = tmp_path / "ipmi"
    password.touch(0o600)
    password.write_text("hunter2-hunter2\n")
    reboot = f"exec {sys.executable} {tmp_path}/power.py {rack.directory} {rack.node.id}"
    daemon.create(spec(rack, reboot=reboot, secrets=f"{{IPMI_PASSWORD: {{file: {password}}}}}"))
    daemon.client.start("racked")
    let_in(daemon, rack)
    found = daemon.assembly("racked", "rack-7").instance
    assert found is not None
    assert (found.address, found.port, found.generation) == (rack.address, rack.port, 1)

    mark = daemon.newest()
    killed = int((root(rack.driver, rack.node) / "run" / "pcloud" / "sleeper.pid").read_text().split()[0])
    os.kill(killed, signal.SIGKILL)
    daemon.until_event(lambda event: event.resource == "sleeper" and event.to == "healthy", "it is restarted", mark)

    mark, before = daemon.newest(), rack.boot_id()
    freeze(rack.home)
    daemon.until_event(lambda event: event.assembly == "rack-7" and event.to == "healthy", "it is rebooted", mark)
    assert daemon.decided(mark) == [("racked/rack-7", "reboot")], daemon.story(mark)
    assert rack.boot_id() != before
    [said] = [event.reason for event in daemon.events(mark) if "its reboot command said" in event.reason]
    assert said == "its reboot command said: logged in with ***"
    with pytest.raises(RefusedError, match="rack-7 is static: it was not launched by pcloud"):
        daemon.client.relaunch("racked", "rack-7")

    daemon.client.stop("racked")
    daemon.until_state("racked", "stopped")
    assert rack.boot_id() != before, "it is let go as it is"
    assert rack.driver.ex_get_node(rack.node.id).state == "running"


def test_a_reboot_command_that_fails_is_told_with_its_words_and_the_machine_given_up(daemon: Daemon, rack: Rack) -> None:
    daemon.create(spec(rack, reboot="echo no route to the BMC; exit 9"))
    daemon.client.start("racked")
    let_in(daemon, rack)
    mark = daemon.newest()
    freeze(rack.home)
    daemon.until_event(
        lambda event: event.record is not None and event.record.choice is Choice.EXHAUSTED and event.assembly == "rack-7", "given up", mark
    )
    assert set(daemon.decided(mark)) == {("racked/rack-7", "reboot")}, daemon.story(mark)
    assert "its reboot command ended with 9: no route to the BMC" in daemon.story(mark)
    assert len(daemon.running_nodes()) == 1, "nothing is launched in its place"


def test_an_infrastructure_without_a_cloud_is_for_machines_that_are_there(daemon: Daemon, rack: Rack) -> None:
    daemon.end()
    daemon.config.write_text('[infrastructures.rack]\ndriver = "static"\n')
    daemon.start()
    source = spec(rack).replace("infrastructure: local", "infrastructure: rack")
    with pytest.raises(RefusedError, match="infrastructure rack is static: nothing can be launched there, and peer has no address"):
        daemon.create(source)
    daemon.create(source[: source.index("  peer:")])
    daemon.client.start("racked")
    let_in(daemon, rack)
    mark = daemon.newest()
    freeze(rack.home)
    held = daemon.until_event(lambda event: event.assembly == "rack-7" and event.to == "held", "nobody vouches for its network", mark)
    assert held.reason == "no second sight"
    thaw(rack.home)
    daemon.until_state("racked", "healthy")
    assert daemon.decided(mark) == [], daemon.story(mark)
    daemon.client.stop("racked")
    daemon.until_state("racked", "stopped")
    daemon.client.delete("racked", volumes=True)


def test_nobody_logs_in_to_a_machine_with_another_host_key(daemon: Daemon, rack: Rack) -> None:
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtaU2w1mZjWzZ9m0Q1v7m5PyJqf3nJqX2v0bq8V0V1h"
    daemon.create(spec(rack, key=other))
    daemon.client.start("racked")
    reason = until(lambda: "host key" in (said := daemon.assembly("racked", "rack-7").reason) and said, "it is told")
    assert reason == "the host key is not the one that this machine was given"
