"""The embedded cloud as any libcloud program sees it: what a cloud's driver promises."""

from __future__ import annotations

import subprocess

import pytest
from libcloud.common.exceptions import BaseHTTPError
from libcloud.compute.base import NodeImage, NodeSize
from libcloud.compute.types import NodeState, StorageVolumeState

from cpe.shell.infrastructures.local import processes
from cpe.shell.infrastructures.local.driver import LocalNodeDriver
from tests.infrastructures.access import Access
from tests.infrastructures.machines import boot_id, create, home, root, text
from tests.infrastructures.waiting import until

pytestmark = pytest.mark.real


def code(error: pytest.ExceptionInfo[BaseHTTPError]) -> int:
    return error.value.code


def test_a_machine_is_created_listed_and_destroyed(driver):
    node = create(driver)
    assert node.state == NodeState.RUNNING
    assert node.public_ips[0].startswith("127.")
    assert not node.public_ips[0].startswith("127.0.")
    assert node.extra["metadata"] == {"colour": "red"}
    assert [listed.id for listed in driver.list_nodes()] == [node.id]
    assert driver.ex_get_node(node.id).name == "shop-web-1"
    directory = home(driver, node)

    assert driver.destroy_node(node)

    assert driver.list_nodes() == []
    assert processes.members(directory) == []
    assert list(directory.parent.iterdir()) == []
    with pytest.raises(BaseHTTPError) as refused:
        driver.ex_get_node(node.id)
    assert code(refused) == 404


def test_a_second_driver_on_the_same_directory_sees_the_same_machines(driver, cloud_directory):
    node = create(driver)
    assert [(other.id, other.state) for other in LocalNodeDriver(cloud_directory).list_nodes()] == [(node.id, NodeState.RUNNING)]


def test_two_machines_have_two_addresses(driver):
    assert create(driver).public_ips != create(driver).public_ips


def test_a_stopped_machine_runs_nothing_and_starts_again_at_the_same_address(driver, access: Access):
    node = create(driver, access.user_data())
    before = boot_id(driver, node)
    driver.stop_node(node)
    assert driver.ex_get_node(node.id).state == NodeState.STOPPED
    assert processes.members(home(driver, node)) == []
    driver.stop_node(node)  # stopping what is stopped is no error

    driver.start_node(node)

    again = driver.ex_get_node(node.id)
    assert again.state == NodeState.RUNNING
    assert again.public_ips == node.public_ips
    assert boot_id(driver, node, before) != before
    assert access.run(again, "true").returncode == 0
    driver.start_node(node)  # starting what is started is no error


@pytest.mark.parametrize("hard", [False, True])
def test_a_reboot_gives_a_new_boot_id_and_an_empty_run(driver, access: Access, hard):
    node = create(driver, access.user_data())
    before = boot_id(driver, node)
    pcloud = root(driver, node) / "run" / "pcloud"
    until(pcloud.is_dir)
    (pcloud / "result").write_text("old")

    (driver.ex_hard_reboot_node if hard else driver.reboot_node)(node)

    assert boot_id(driver, node, before) != before
    assert list(pcloud.iterdir()) == []
    assert driver.ex_get_node(node.id).state == NodeState.RUNNING
    assert access.run(node, "cat", "$PCLOUD_ROOT/run/boot_id").stdout.strip() != before


def test_a_soft_reboot_of_a_stopped_machine_is_a_conflict(driver):
    node = create(driver)
    driver.stop_node(node)
    with pytest.raises(BaseHTTPError) as refused:
        driver.reboot_node(node)
    assert code(refused) == 409


def test_a_volume_outlives_its_machine(driver, access: Access):
    volume = driver.create_volume(5, "data", ex_metadata={"colour": "blue"})
    first = create(driver, access.user_data(), {volume.id: "/var/lib/mysql"})
    assert access.run(first, "echo kept >$PCLOUD_ROOT/var/lib/mysql/file").returncode == 0
    assert driver.list_volumes()[0].state == StorageVolumeState.INUSE
    driver.destroy_node(first)
    assert driver.list_volumes()[0].state == StorageVolumeState.AVAILABLE

    second = create(driver, access.user_data(), {volume.id: "/srv/db"})

    assert access.run(second, "cat $PCLOUD_ROOT/srv/db/file").stdout == "kept\n"
    assert driver.list_volumes()[0].extra["metadata"] == {"colour": "blue"}


def test_a_volume_is_attached_to_one_machine_at_most(driver):
    volume = driver.create_volume(1, "data")
    create(driver, volumes={volume.id: "/data"})
    other = create(driver)
    with pytest.raises(BaseHTTPError) as refused:
        driver.attach_volume(other, volume, "/data")
    assert code(refused) == 409
    with pytest.raises(BaseHTTPError) as refused:
        create(driver, volumes={volume.id: "/data"})
    assert code(refused) == 409
    assert len(driver.list_nodes()) == 2
    with pytest.raises(BaseHTTPError) as refused:
        driver.destroy_volume(volume)
    assert code(refused) == 409


def test_a_volume_is_taken_from_a_stopped_machine_only_and_given_to_another(driver):
    volume = driver.create_volume(1, "data")
    first, second = create(driver, volumes={volume.id: "/data"}), create(driver)
    (root(driver, first) / "data" / "file").write_text("kept")
    with pytest.raises(BaseHTTPError) as refused:
        driver.detach_volume(volume)
    assert code(refused) == 409

    driver.stop_node(first)
    driver.detach_volume(volume)
    driver.attach_volume(second, volume, "/mnt/data")

    assert (root(driver, second) / "mnt" / "data" / "file").read_text() == "kept"
    driver.start_node(first)
    assert not (root(driver, first) / "data").exists()


def test_a_destroyed_volume_is_gone(driver, cloud_directory):
    volume = driver.create_volume(1, "data")
    driver.destroy_volume(volume)
    assert driver.list_volumes() == []
    assert list((cloud_directory / "volumes").iterdir()) == []
    with pytest.raises(BaseHTTPError) as refused:
        driver.ex_get_volume(volume.id)
    assert code(refused) == 404


@pytest.mark.parametrize("mount", ["/", "/run", "/run/x", "data", "/a/../../b"])
def test_a_mount_that_cannot_be_is_refused(driver, cloud_directory, mount):
    volume = driver.create_volume(1, "data")
    with pytest.raises(BaseHTTPError) as refused:
        create(driver, volumes={volume.id: mount})
    assert code(refused) == 409
    assert list((cloud_directory / "nodes").iterdir()) == []


def test_an_unknown_image_or_size_is_refused(driver):
    size, image = driver.list_sizes()[0], driver.list_images()[0]
    with pytest.raises(BaseHTTPError) as refused:
        driver.create_node("x", size, NodeImage("windows", "windows", driver))
    assert code(refused) == 404
    with pytest.raises(BaseHTTPError) as refused:
        driver.create_node("x", NodeSize("huge", "huge", 1, 1, 1, 0, driver), image)
    assert code(refused) == 404


def test_the_console_keeps_what_the_first_boot_printed(driver):
    node = create(driver, b"#!/bin/sh\necho hello from $PCLOUD_ADDRESS\nexit 3\n")
    until(lambda: "exit status 3" in driver.ex_get_console_output(node)["output"])
    driver.ex_hard_reboot_node(node)
    output = driver.ex_get_console_output(node)["output"]
    assert f"hello from {node.public_ips[0]}" in output
    assert "booting, boot id" in output


def test_a_command_over_ssh_sees_the_machine_and_nothing_of_the_login_shell(driver, access: Access):
    node = create(driver, access.user_data())
    done = access.run(node, "echo $PCLOUD_ROOT $PCLOUD_ADDRESS")
    assert (done.stdout, done.stderr) == (f"{root(driver, node)} {node.public_ips[0]}\n", "")
    assert access.run(node, "echo $HOME").stdout == f"{root(driver, node)}/home\n"


def test_a_stranger_is_not_let_in(driver, access: Access, tmp_path):
    node = create(driver, access.user_data())
    access.run(node, "true")
    stranger = Access(tmp_path, type(access.keyring)(tmp_path / "others", "test"))
    words = [stranger.keyring.client_path("shop") if word == access.keyring.client_path("shop") else word for word in access.command(node)]
    done = subprocess.run([*words, "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 255
    assert "Permission denied" in done.stderr


def test_a_machine_without_user_data_has_a_host_key_of_its_own(driver):
    node = create(driver)
    assert (home(driver, node) / "ssh" / "host_key.pub").read_text().startswith("ssh-ed25519 ")


def test_what_user_data_asks_for_in_vain_is_on_the_console(driver):
    node = create(driver, b"#cloud-config\npackages: [nginx]\nwrite_files: [{path: /../../etc/x, content: x}]\nruncmd: [[echo, it runs]]\n")
    text(home(driver, node) / "console.log")
    until(lambda: "it runs" in driver.ex_get_console_output(node)["output"])
    output = driver.ex_get_console_output(node)["output"]
    assert "packages is ignored here" in output
    assert "/../../etc/x cannot be written" in output
