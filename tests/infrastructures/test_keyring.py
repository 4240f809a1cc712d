"""Keys that are made once and kept."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from cpe.shell.keyring import FileKeyring
from pcloud.errors import StoreError
from pcloud.model.instance import Tags


@pytest.fixture
def keyring(tmp_path) -> FileKeyring:
    return FileKeyring(tmp_path / "keys", "here")


def test_a_key_is_made_once_and_kept(keyring, tmp_path):
    again = FileKeyring(tmp_path / "keys", "here")
    assert keyring.client_public("shop") == again.client_public("shop")
    assert keyring.host_pair("shop", "web", 1) == again.host_pair("shop", "web", 1)


def test_every_deployable_and_every_instance_has_its_own_key(keyring):
    pairs = {keyring.host_pair(*name) for name in [("shop", "web", 1), ("shop", "web", 2), ("shop", "db", 1), ("blog", "web", 1)]}
    assert len(pairs) == 4
    assert keyring.client_public("shop") != keyring.client_public("blog")


def test_many_who_ask_at_once_get_the_same_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        pairs = set(pool.map(lambda _: FileKeyring(tmp_path, "here").host_pair("shop", "web", 1), range(32)))
    assert len(pairs) == 1
    assert [path.name for path in (tmp_path / "hosts" / "shop").iterdir()] == ["web-1"]


def test_key_files_are_for_their_owner_only(keyring, tmp_path):
    keyring.client_path("shop")
    keyring.host_pair("shop", "web", 1)
    files = [path for path in (tmp_path / "keys").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert (tmp_path / "keys" / "clients").stat().st_mode & 0o777 == 0o700


@pytest.mark.real
def test_openssh_reads_the_key(keyring):
    done = subprocess.run(["ssh-keygen", "-y", "-f", keyring.client_path("shop")], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.split()[:2] == keyring.client_public("shop").split()[:2]


def test_a_key_that_cannot_be_read_is_told(keyring, tmp_path):
    keyring.client_path("shop")
    (tmp_path / "keys" / "clients" / "shop").write_text("nonsense")
    with pytest.raises(StoreError, match="cannot be read"):
        keyring.client_public("shop")


@pytest.mark.parametrize("name", ["", "../x", ".."])
def test_a_name_that_leads_elsewhere_is_refused(keyring, name):
    with pytest.raises(StoreError):
        keyring.client_public(name)


def test_tags_carry_the_controllers_name(keyring):
    assert keyring.tags("shop", "web", 3) == Tags("here", "shop", "web", 3)
