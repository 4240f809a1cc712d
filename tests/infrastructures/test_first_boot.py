"""From user data to a provisioned machine: the document that every cloud gets, obeyed by the embedded one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from cpe.shell.infrastructures.local.cloudinit import File, first_boot
from dpe.shell.userdata import PROVISION
from tests.infrastructures.access import PLAN, Access
from tests.infrastructures.machines import create, root, text
from tests.infrastructures.waiting import until

STATE = "var/lib/pcloud"


def test_equal_input_gives_equal_bytes(access: Access):
    assert access.provisioned_by("true\n", A="1", B="2") == access.provisioned_by("true\n", B="2", A="1")


def test_the_document_is_read_as_it_was_meant(access: Access):
    wanted = first_boot(access.provisioned_by("#!/bin/sh\necho 'ä'\n", PASSWORD="it's $HOME"))
    private, public = access.keyring.host_pair("shop", "web", 1)
    assert (wanted.host_private, wanted.host_public) == (private, public)
    assert wanted.authorized_keys == [access.keyring.client_public("shop")]
    assert wanted.files == [
        File("/var/lib/pcloud/environment", b"export PASSWORD='it'\"'\"'s $HOME'\n", 0o600),
        File("/var/lib/pcloud/provision", "#!/bin/sh\necho 'ä'\n".encode(), 0o700),
    ]
    assert len(wanted.scripts) == 1
    assert wanted.notes == []


def test_the_users_own_cloud_config_adds_to_ours_and_replaces_nothing(access: Access):
    evil = {"ed25519_private": "other", "ed25519_public": "other"}
    own = yaml.safe_dump(
        {"ssh_keys": evil, "packages": ["nginx"], "write_files": [{"path": "/etc/motd", "content": "hi"}], "runcmd": ["a", ["b", "c d"]]}
    )
    wanted = first_boot(access.user_data(replace(PLAN, cloud_config=own)))
    assert [file.path for file in wanted.files] == ["/var/lib/pcloud/environment", "/etc/motd"]
    assert wanted.host_public == access.keyring.host_pair("shop", "web", 1)[1]
    assert wanted.scripts[-1] == b"#!/bin/sh\na\nb 'c d'\n"
    assert wanted.notes == ["user data: packages is ignored here"]


@pytest.mark.parametrize(
    ("user_data", "note"),
    [
        (b"#cloud-config\n{", "cannot be read"),
        (b"#cloud-config\n- a\n", "not a mapping"),
        (b"#cloud-config\nwrite_files: [{content: x}]\n", "write_files cannot be obeyed"),
        (b"#cloud-config\nwrite_files: 3\n", "write_files cannot be obeyed"),
        (b"#cloud-config\nwrite_files: [{path: /x, encoding: b64, content: '*'}]\n", "write_files cannot be obeyed"),
        (b"#include\nhttp://example.org/\n", "text/plain is ignored"),
        (b"\x1f\x8bnonsense", "cannot be unpacked"),
    ],
)
def test_user_data_that_makes_no_sense_is_noted(user_data, note):
    assert any(note in line for line in first_boot(user_data).notes)


@pytest.mark.real
def test_a_provisioning_script_finds_its_environment_and_leaves_status_and_log(driver, access: Access):
    script = 'echo "host $DB_HOST, $GREETING" >"$PCLOUD_ROOT/seen"\necho done\n'
    node = create(driver, access.provisioned_by(script, DB_HOST="127.1.2.3", GREETING="it's me"))
    state = root(driver, node) / STATE
    assert text(state / "provisioned") == "0\n"
    assert (state / "provision.log").read_text() == "done\n"
    assert (root(driver, node) / "seen").read_text() == "host 127.1.2.3, it's me\n"
    assert (state / "environment").stat().st_mode & 0o777 == 0o600


@pytest.mark.real
def test_a_provisioning_script_that_fails_leaves_its_status_and_log(driver, access: Access):
    node = create(driver, access.provisioned_by("#!/bin/sh\necho out\necho no such package >&2\nexit 42\n"))
    state = root(driver, node) / STATE
    assert text(state / "provisioned") == "42\n"
    assert (state / "provision.log").read_text() == "out\nno such package\n"


@pytest.mark.real
def test_without_a_script_the_machine_is_provisioned_all_the_same(driver, access: Access):
    node = create(driver, access.user_data())
    assert text(root(driver, node) / STATE / "provisioned") == "0\n"


@pytest.mark.real
def test_first_boot_scripts_run_once(driver, access: Access):
    node = create(driver, access.provisioned_by('echo run >>"$PCLOUD_ROOT/runs"\n'))
    text(root(driver, node) / STATE / "provisioned")
    driver.ex_hard_reboot_node(node)
    driver.stop_node(node)
    assert (root(driver, node) / "runs").read_text() == "run\n"


@pytest.mark.real
def test_the_machine_lets_us_in_while_it_is_being_provisioned(driver, access: Access):
    node = create(driver, access.provisioned_by('until [ -e "$PCLOUD_ROOT/go" ]; do sleep 0.05; done\n'))
    assert access.run(node, "touch $PCLOUD_ROOT/go").returncode == 0
    assert text(root(driver, node) / STATE / "provisioned") == "0\n"


@pytest.mark.real
def test_a_volume_is_there_when_the_provisioning_script_runs(driver, access: Access):
    volume = driver.create_volume(1, "data")
    node = create(driver, access.provisioned_by('echo kept >"$PCLOUD_ROOT/data/file"\n'), {volume.id: "/data"})
    until((root(driver, node) / STATE / "provisioned").exists)
    driver.destroy_node(node)
    again = create(driver, access.provisioned_by('cat "$PCLOUD_ROOT/data/file"\n'), {volume.id: "/data"})
    text(root(driver, again) / STATE / "provisioned")
    assert (root(driver, again) / STATE / "provision.log").read_text() == "kept\n"


def test_the_marker_appears_by_a_rename():
    assert 'mv "$state/.provisioned" "$state/provisioned"' in PROVISION
