"""What the embedded cloud must still do to machines that are hung, headless or full of daemons."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from libcloud.compute.types import NodeState

from cpe.shell.infrastructures.local import processes
from cpe.shell.infrastructures.local.records import Task, load_machine
from cpe.shell.infrastructures.local.refusals import ConflictError
from tests.infrastructures.access import Access
from tests.infrastructures.machines import boot_id, create, home, root, text
from tests.infrastructures.waiting import until

pytestmark = pytest.mark.real

DAEMON = """#!/bin/sh
# twice forked, in a session of its own, and without the machine's environment
setsid sh -c 'env -i sleep 86399 & echo $! >"$PCLOUD_ROOT/pid"' &
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def daemon(driver, node) -> int:
    return int(text(root(driver, node) / "pid"))


def kill_supervisor(driver, node) -> None:
    pid = processes.supervisor(home(driver, node))
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: processes.supervisor(home(driver, node)) is None)


@pytest.mark.parametrize("how", ["stop_node", "ex_hard_reboot_node", "destroy_node"])
def test_a_daemon_that_detached_itself_dies_with_its_machine(driver, how):
    node = create(driver, DAEMON.encode())
    pid = daemon(driver, node)
    assert alive(pid)
    getattr(driver, how)(node)
    assert not alive(pid)


def test_a_daemon_that_detached_itself_dies_in_a_soft_reboot(driver):
    node = create(driver, DAEMON.encode())
    pid, before = daemon(driver, node), boot_id(driver, node)
    driver.reboot_node(node)
    boot_id(driver, node, before)
    assert not alive(pid)


def test_a_daemon_that_ignores_the_power_off_is_killed(driver):
    node = create(driver, b"#!/bin/sh\ntrap '' TERM\necho $$ >$PCLOUD_ROOT/pid\nwhile :; do sleep 86398; done\n")
    pid = daemon(driver, node)
    driver.stop_node(node)
    assert not alive(pid)


def test_a_frozen_machine_is_called_running_and_is_silent(driver, access: Access):
    node = create(driver, access.user_data())
    access.run(node, "true")
    frozen = processes.freeze(home(driver, node))
    assert len(frozen) >= 2
    assert driver.ex_get_node(node.id).state == NodeState.RUNNING
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(access.command(node, "true"), stdin=subprocess.DEVNULL, capture_output=True, timeout=1, check=False)


def test_a_frozen_machine_is_rebooted_hard(driver, access: Access):
    node = create(driver, access.user_data())
    before = boot_id(driver, node)
    access.run(node, "true")
    frozen = processes.freeze(home(driver, node))

    driver.ex_hard_reboot_node(node)

    assert boot_id(driver, node, before) != before
    assert not any(map(alive, frozen))
    assert access.run(node, "true").returncode == 0


@pytest.mark.parametrize("how", ["stop_node", "destroy_node"])
def test_a_frozen_machine_is_stopped_and_destroyed(driver, how):
    node = create(driver, DAEMON.encode())
    daemon(driver, node)
    frozen = processes.freeze(home(driver, node))
    getattr(driver, how)(node)
    assert not any(map(alive, frozen))


def test_a_soft_reboot_is_not_heard_by_a_frozen_machine_until_it_thaws(driver):
    node = create(driver)
    before = boot_id(driver, node)
    processes.freeze(home(driver, node))
    driver.reboot_node(node)
    assert boot_id(driver, node) == before
    processes.thaw(home(driver, node))
    assert boot_id(driver, node, before) != before


@pytest.mark.parametrize("how", ["stop_node", "destroy_node", "start_node", "ex_hard_reboot_node"])
def test_what_a_killed_supervisor_left_behind_is_found_and_killed(driver, access: Access, how):
    node = create(driver, access.user_data())
    access.run(node, "true")
    session = subprocess.Popen(
        access.command(node, "echo here; sleep 86397"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert session.stdout is not None
        assert session.stdout.readline() == b"here\n"
        before = set(processes.members(home(driver, node)))
        kill_supervisor(driver, node)
        assert driver.ex_get_node(node.id).state == NodeState.STOPPED
        orphans = processes.members(home(driver, node))
        assert orphans  # the session, and the sshd that serves it

        getattr(driver, how)(node)

        assert not any(map(alive, before))
    finally:
        session.kill()
        session.communicate()


def test_a_machine_whose_sshd_died_is_still_on(driver, access: Access):
    node = create(driver, access.user_data())
    access.run(node, "true")
    supervisor = processes.supervisor(home(driver, node))
    for pid in set(processes.members(home(driver, node))) - {supervisor}:
        with suppress(ProcessLookupError):  # a session that has just ended by itself
            os.kill(pid, signal.SIGKILL)
    until(lambda: "sshd has ended" in driver.ex_get_console_output(node)["output"])
    assert driver.ex_get_node(node.id).state == NodeState.RUNNING
    assert processes.members(home(driver, node)) == [supervisor]


@pytest.mark.parametrize(
    ("task", "state"), [(Task.BOOT, NodeState.RUNNING), (Task.REBOOT, NodeState.RUNNING), (Task.STOP, NodeState.STOPPED)]
)
def test_what_a_killed_controller_began_is_finished_by_the_next_look(driver, task, state):
    node = create(driver)
    before = boot_id(driver, node)
    if task is Task.BOOT:
        driver.stop_node(node)
    replace(load_machine(home(driver, node)), task=task).save(home(driver, node))

    assert [listed.state for listed in driver.list_nodes()] == [state]

    if state == NodeState.RUNNING:
        assert boot_id(driver, node, before) != before


def test_what_cannot_be_done_is_not_tried_for_ever(driver):
    volume = driver.create_volume(1, "data")
    node = create(driver)
    driver.stop_node(node)
    driver.attach_volume(node, volume, "/data")
    mount = root(driver, node) / "data"
    mount.unlink()
    mount.write_text("in the way")
    with pytest.raises(ConflictError, match="is there already"):
        driver.start_node(node)
    assert driver.ex_get_node(node.id).state == NodeState.STOPPED


def test_what_a_cut_off_create_or_destroy_left_is_swept_by_the_next_create(driver, cloud_directory):
    for name in (".new-0123456789", ".gone-0123456789"):
        (cloud_directory / "nodes" / name / "root").mkdir(parents=True)
    assert driver.list_nodes() == []
    node = create(driver)
    assert [place.name for place in (cloud_directory / "nodes").iterdir()] == [node.id]


def test_files_that_a_machine_made_unwritable_do_not_outlive_it(driver):
    node = create(driver, b"#!/bin/sh\nmkdir -p $PCLOUD_ROOT/a/b\ntouch $PCLOUD_ROOT/a/b/c\nchmod 500 $PCLOUD_ROOT/a $PCLOUD_ROOT/a/b\n")
    until(lambda: "exit status 0" in driver.ex_get_console_output(node)["output"])
    driver.destroy_node(node)
    assert not home(driver, node).exists()


def test_a_volume_is_taken_from_a_machine_whose_directory_was_removed_by_hand(driver):
    node = create(driver, DAEMON.encode())
    volume = driver.create_volume(1, "data")
    driver.attach_volume(node, volume, "/data")
    pid = daemon(driver, node)
    shutil.rmtree(home(driver, node))
    driver.detach_volume(volume)
    assert not alive(pid), "what runs of it would still write to the volume"
    other = create(driver)
    driver.attach_volume(other, volume, "/data")
    assert (root(driver, other) / "data").is_symlink()
