"""Which packages are missing, what tells one set of tables from another, and policy-rc.d put back as it was."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from openstack_lab import policy_rc
from openstack_lab.commands import run, telling
from openstack_lab.errors import LabError
from openstack_lab.packages import installed, wanted
from openstack_lab.settings import Settings
from openstack_lab.tables import key

FOREIGN = "#!/bin/sh\nexit 0\n"


def test_only_what_is_wholly_installed_counts() -> None:
    status = "ii  1.0 alpha\nrc  1.0 removed\niU  1.0 unpacked\niF  1.0 half\nun   never\nii  2:3-4 beta\n"
    assert installed(status) == {"alpha": "1.0", "beta": "2:3-4"}


def test_each_part_of_a_lab_brings_its_packages() -> None:
    plain = set(wanted(Settings(cinder=False)))
    assert set(wanted(Settings())) - plain == {"cinder-common", "qemu-utils", "sudo"}
    assert set(wanted(Settings(cinder=False, heat=True))) - plain == {"heat-common"}
    assert "qemu-system-x86" in set(wanted(Settings("full"))) - plain


def test_tables_are_others_when_a_package_that_makes_them_is_another() -> None:
    versions = {"nova-common": "1", "python3-nova": "1", "mariadb-server-core": "1", "vim": "1"}
    names = ["nova-common", "mariadb-server-core"]
    first = key(names, versions)
    assert key(names, versions | {"vim": "2"}) == first
    assert key(names, versions | {"python3-nova": "2"}) != first
    assert key(names, versions | {"mariadb-server-core": "2"}) != first
    assert key([*names, "heat-common"], versions) != first


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "policy-rc.d", tmp_path / "ours"


def test_a_policy_is_there_for_an_installation_and_gone_after_it(places: tuple[Path, Path]) -> None:
    policy, ours = places
    policy_rc.forbid(policy, ours)
    assert subprocess.run([policy, "nova-api", "start"], check=False).returncode == 101
    assert policy_rc.guarded(["apt-get"], policy, ours) == ["apt-get"]
    policy_rc.allow(policy, ours)
    assert list(policy.parent.iterdir()) == []


def test_somebody_elses_policy_is_never_touched_and_never_seen_by_apt(places: tuple[Path, Path]) -> None:
    policy, ours = places
    policy.write_text(FOREIGN)
    policy_rc.forbid(policy, ours)
    assert policy.read_text() == FOREIGN
    if os.geteuid() == 0:
        seen = run(*policy_rc.guarded(["cat", str(policy)], policy, ours))
        assert seen == policy_rc.TEXT
    assert policy.read_text() == FOREIGN
    policy_rc.allow(policy, ours)
    assert [path.name for path in policy.parent.iterdir()] == ["policy-rc.d"]
    assert policy.read_text() == FOREIGN


def test_what_a_killed_installation_left_is_put_back_by_the_next(places: tuple[Path, Path]) -> None:
    policy, ours = places
    policy_rc.forbid(policy, ours)  # and then it was killed
    policy.with_name("policy-rc.d.new-by-pcloud-lab").write_text("half")
    assert sorted(policy_rc.allow(policy, ours)) == [policy, policy.with_name("policy-rc.d.new-by-pcloud-lab")]
    assert policy_rc.allow(policy, ours) == []


def test_an_error_shows_the_lines_that_tell_why_and_not_what_came_after() -> None:
    log = "\n".join(["start", "ERROR nova: no such host", *(f"INFO still going {number}" for number in range(50))])
    assert telling(log) == ":\n    start\n    ERROR nova: no such host"


def test_without_an_error_the_end_is_shown() -> None:
    assert telling("\n".join(map(str, range(100)))).splitlines()[-1] == "    99"
    assert telling(" \n\n") == " and printed nothing"


def test_a_command_that_fails_says_its_status_its_reason_and_where_the_rest_is(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(LabError, match=r"(?s)^sh -c .* ended with status 3:\n    ERROR: no\n    the whole of it: .*log$"):
        run("sh", "-c", "echo 'ERROR: no'; exit 3", log=log)
    assert log.read_text() == "ERROR: no\n"
    with pytest.raises(LabError, match="no-such-program is not installed"):
        run("no-such-program")


def test_the_operators_proxies_reach_no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:3128")
    assert "192.0.2.1" not in run("env")
