"""A machine that was launched by hand comes under care as it stands, on the embedded cloud, and is left when care ends."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from cpe.shell.infrastructures.local.processes import members
from cpe.shell.keyring import FileKeyring
from dpe.shell.userdata import user_data
from pcloud.model.plan import AssemblyPlan
from tests.cli.conftest import Pcloud
from tests.system.running import Daemon, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

SPEC = """
deployable: old
infrastructure: local
defaults:
  monitor: {interval: 200ms, timeout: 1s}
recovery: {restart: {verify: 5s}}  # which is the grace as well
assemblies:
  web:
    image: host
    provision: {inline: 'touch "$PCLOUD_ROOT/provisioned-by-pcloud"'}
    configure: {inline: 'touch "$PCLOUD_ROOT/configured-by-pcloud"'}
    data: ephemeral
    resources:
      sleeper: {agent: "process:sleep 100000"}
"""
SERVICE = """#!/bin/sh
mkdir -p "$PCLOUD_ROOT/run/pcloud"
setsid sh -c 'read -r stat <"/proc/$$/stat"; set -- ${stat##*) }; shift 19
  echo "$$ $1" >"$PCLOUD_ROOT/run/pcloud/sleeper.pid"; exec sleep 100000' >/dev/null 2>&1 &
"""


class ByHand:
    """A machine that somebody has launched with the driver, with a service on it; ``host_key`` is what its owner knows of it."""

    def __init__(self, daemon: Daemon, directory: Path, authorized: str) -> None:
        self.driver = LocalNodeDriver(daemon.cloud)
        key = directory / "host"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True, timeout=20)
        self.host_key = key.with_suffix(".pub").read_text().strip()
        data = user_data(
            assembly=AssemblyPlan("any", "local", provision=SERVICE),
            user="",
            authorized_key=authorized,
            host_private=key.read_text(),
            host_public=self.host_key,
            environment={},
        )
        size, image = self.driver.list_sizes()[0], self.driver.list_images()[0]
        self.id = str(self.driver.create_node("old-one", size, image, ex_userdata=data, ex_metadata={"owner": "ann"}).id)
        self.root = daemon.cloud / "nodes" / self.id / "root"
        until((self.root / "run/pcloud/sleeper.pid").exists, "its service runs")

    def pid(self) -> int:
        """0 while it is stopped."""
        return int((self._read("pcloud/sleeper.pid").split() or ["0"])[0])

    def boot_id(self) -> str:
        """Empty while it boots."""
        return self._read("boot_id")

    def _read(self, name: str) -> str:
        try:
            return (self.root / "run" / name).read_text()
        except FileNotFoundError:
            return ""

    def tags(self) -> dict[str, str]:
        return dict(self.driver.ex_get_node(self.id).extra["metadata"])


def client_key(daemon: Daemon) -> str:
    """The line that lets pcloud in; there is one as soon as it was needed."""
    return FileKeyring(daemon.state / "keys", "any").client_public("old")


def adopted_tags(daemon: Daemon) -> dict[str, str]:
    return {
        "owner": "ann",
        "pcloud-controller": daemon.client.daemon().controller,
        "pcloud-deployable": "old",
        "pcloud-assembly": "web",
        "pcloud-generation": "1",
        "pcloud-adopted": "yes",
    }


def is_cared_for(daemon: Daemon, pcloud: Pcloud, machine: ByHand) -> None:
    """Its service is restarted, it is rebooted, and never replaced."""
    first = machine.pid()
    os.kill(first, signal.SIGKILL)
    until(lambda: machine.pid() not in {0, first}, "it is started again")
    daemon.until_state("old", "healthy")

    daemon.kill()
    daemon.start()
    daemon.until_state("old", "healthy")
    boot = machine.boot_id()
    assert pcloud("assembly", "relaunch", "old/web").code == 4
    assert pcloud("assembly", "reboot", "old/web").code == 0
    until(lambda: machine.boot_id() not in {"", boot}, "it is rebooted")
    daemon.until_state("old", "healthy")


def test_a_machine_of_somebody_elses_is_cared_for_and_left(daemon: Daemon, pcloud: Pcloud, tmp_path: Path) -> None:
    daemon.create(SPEC)
    machine = ByHand(daemon, tmp_path, client_key(daemon))
    first = machine.pid()
    words = ("assembly", "adopt", "old/web", "--instance", machine.id)

    refused = pcloud(*words)
    assert refused.code == 4
    assert "nobody vouches for the host key" in refused.err
    offered = refused.err.partition("add --host-key '")[2].partition("'")[0]
    assert machine.host_key.startswith(offered)
    assert offered

    done = pcloud(*words, "--host-key", machine.host_key)
    assert (done.code, done.err) == (0, ""), daemon.story()
    daemon.until_state("old", "healthy")
    instance = daemon.assembly("old", "web").instance
    assert instance is not None
    assert (instance.id, instance.adopted) == (machine.id, True)
    assert machine.pid() == first
    assert machine.tags() == adopted_tags(daemon)
    assert pcloud(*words, "--host-key", machine.host_key).code == 0  # again: nothing but the tags
    effective = pcloud("deployable", "show", "old", "--effective")
    assert "because it was adopted" in effective.out
    is_cared_for(daemon, pcloud, machine)

    pid = machine.pid()
    assert pcloud("deployable", "stop", "old").code == 0, daemon.story()
    daemon.until_state("old", "stopped")
    assert not Path(f"/proc/{pid}").exists()
    assert members(machine.root.parent)  # the machine itself goes on
    assert not (machine.root / "provisioned-by-pcloud").exists()
    assert pcloud("deployable", "start", "old").code == 0
    assert daemon.assembly("old", "web").instance == instance
    assert pcloud("deployable", "stop", "old").code == 0
    assert pcloud("deployable", "delete", "old", "--yes").code == 0
    assert machine.tags() == {"owner": "ann"}
    assert members(machine.root.parent)


def test_what_is_not_free_or_does_not_let_us_in_is_refused_with_what_would_be_right(daemon: Daemon, pcloud: Pcloud, tmp_path: Path) -> None:
    daemon.create(SPEC)
    machine = ByHand(daemon, tmp_path, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl nobody")
    node = machine.driver.ex_get_node(machine.id)
    words = ("assembly", "adopt", "old/web", "--host-key", machine.host_key, "--instance")

    assert (pcloud(*words, "nobody").code, pcloud(*words[:-1]).code) == (3, 2)
    let_in = pcloud(*words, machine.id)
    assert let_in.code == 4
    assert client_key(daemon).split()[1] in let_in.err
    assert "authorized_keys" in let_in.err
    theirs = {"pcloud-controller": "them", "pcloud-deployable": "old", "pcloud-assembly": "web", "pcloud-generation": "1"}
    ours = {**theirs, "pcloud-controller": daemon.client.daemon().controller}
    for tags, why in (
        (theirs, "another controller, them"),
        ({**ours, "pcloud-deployable": "blog"}, "carries the tags of blog/web"),
        ({**ours, "pcloud-generation": "9"}, "higher than ours"),
    ):
        machine.driver.ex_set_metadata(node, tags)
        refused = pcloud(*words, machine.id)
        assert refused.code == 4
        assert why in refused.err
    machine.driver.ex_set_metadata(node, dict.fromkeys(theirs))
    machine.driver.stop_node(node)
    assert "does not run" in pcloud(*words, machine.id).err
    assert daemon.assembly("old", "web").instance is None
    assert machine.tags() == {"owner": "ann"}
