"""User data as Debian's own cloud-init obeys it: its four stages, one after the other, in a root file system of their own.

Nothing is booted: the stages are the programs that a boot would run, and they find the document where a NoCloud seed has it.
"""

from __future__ import annotations

import gzip
import random
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.shell.keyring import FileKeyring
from dpe.shell.userdata import fitted, sent
from tests.agents.nspawn import file_system, run, why_not
from tests.infrastructures.access import PLAN, Access

pytestmark = [
    pytest.mark.real,
    pytest.mark.machine,
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
    pytest.mark.timeout(900),  # the first of them may have to build the image
]

PACKAGES = "cloud-init,openssh-server,sudo"
STAGES = "cloud-init init --local && cloud-init init && cloud-init modules --mode=config && cloud-init modules --mode=final"
QUIET = """\
datasource_list: [NoCloud]
locale: false  # takes seconds, and nobody here reads
"""
OWN = """\
write_files:
  - {path: /etc/own, content: theirs}
ssh_keys: {ed25519_private: theirs, ed25519_public: theirs}
runcmd: [[touch, /etc/ran]]
"""
SCRIPT = """\
#!/bin/sh
echo "the colour is $COLOUR, and this is $(id -un)"
echo "own file: $(cat /etc/own)"
exit 3
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A root file system with cloud-init in it, that of one machine."""
    own, merged = tmp_path / "own", tmp_path / "root"
    for place in (own / "upper", own / "work", merged):
        place.mkdir(parents=True)
    layers = f"lowerdir={file_system('cloud-init', PACKAGES)},upperdir={own / 'upper'},workdir={own / 'work'}"
    run("mount", "-t", "overlay", "overlay", "-o", layers, merged)
    try:
        yield merged
    finally:
        run("umount", merged)


def first_boot(root: Path, user_data: bytes) -> str:
    """What a first boot makes of it, and what it prints."""
    seed = root / "var/lib/cloud/seed/nocloud"
    seed.mkdir(parents=True)
    (seed / "meta-data").write_text("instance-id: i-1\nlocal-hostname: shop-web-1\n")
    (seed / "user-data").write_bytes(user_data)
    (root / "etc/cloud/cloud.cfg.d/99-test.cfg").write_text(QUIET)
    name = f"t{random.randrange(16**8):08x}"
    options = ("--quiet", "--pipe", "--register=no", "--keep-unit", "--private-network", f"--machine={name}")
    command = ["systemd-nspawn", *options, "-D", root, "sh", "-c", STAGES]
    done = subprocess.run(command, check=False, timeout=300, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def in_the_machine(root: Path, *command: str) -> str:
    return subprocess.run(["chroot", root, *command], check=True, timeout=30, capture_output=True, text=True).stdout


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "compressed"])
def test_debians_cloud_init_obeys_the_whole_of_it(root: Path, tmp_path: Path, packed: bool) -> None:
    keyring = FileKeyring(tmp_path / "keys", "test")
    plan = replace(PLAN, provision=SCRIPT, cloud_config=OWN)
    data = Access(tmp_path, keyring).user_data(plan, COLOUR="it's red")
    if packed:
        data = fitted(data, sent(gzip.compress(data, mtime=0)), "shop/web", "lab")
        assert data.startswith(b"\x1f\x8b")
    printed = first_boot(root, data)
    assert "DataSourceNoCloud" in printed
    assert "failed" not in printed.lower()

    private, public = keyring.host_pair("shop", "web", 1)
    ssh, ours = root / "etc/ssh", root / "var/lib/pcloud"
    assert (ssh / "ssh_host_ed25519_key").read_text().strip() == private.strip()
    assert (ssh / "ssh_host_ed25519_key.pub").read_text().strip() == public.strip()
    assert (ssh / "ssh_host_ed25519_key").stat().st_mode & 0o777 == 0o600
    assert in_the_machine(root, "ssh-keygen", "-y", "-f", "/etc/ssh/ssh_host_ed25519_key").split()[:2] == public.split()[:2]
    assert keyring.client_public("shop") in (root / "home/pcloud/.ssh/authorized_keys").read_text().splitlines()
    assert in_the_machine(root, "sudo", "-l", "-U", "pcloud").rstrip().endswith("NOPASSWD: ALL")
    assert in_the_machine(root, "id", "-Gn", "pcloud").split() == ["pcloud"]
    assert in_the_machine(root, "getent", "shadow", "pcloud").startswith("pcloud:!"), "nobody logs in there with a password"

    assert {path.name: oct(path.stat().st_mode & 0o777) for path in ours.iterdir()} == {
        "environment": "0o600",
        "provision": "0o700",
        "provision.log": "0o600",
        "provisioned": "0o644",
    }
    assert (ours / "provision").read_text() == SCRIPT
    assert (ours / "provision.log").read_text() == "the colour is it's red, and this is root\nown file: theirs\n"
    assert in_the_machine(root, "stat", "-c", "%U", "/var/lib/pcloud/provision.log") == "pcloud\n", "whoever watches it reads it"
    assert (ours / "provisioned").read_text() == "3\n"
    assert ((root / "etc/own").read_text(), (root / "etc/ran").exists()) == ("theirs", True)
