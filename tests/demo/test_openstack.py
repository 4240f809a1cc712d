"""The show-piece's parts that need no cloud: its spec, its table, and finding a guest among this machine's processes."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from pcloud.demo.openstack.lab import Lab, is_guest
from pcloud.demo.openstack.place import IMAGE, GuestsPlace
from pcloud.demo.openstack.times import Times, booted, table
from pcloud.errors import RefusedError
from pcloud.records.event import EventRecord
from tests.cli.conftest import Pcloud, alone

__all__ = ["alone"]  # a fixture

BEGAN = datetime(2026, 11, 29, tzinfo=UTC)


def changed(at: float, target: str, before: str, after: str) -> EventRecord:
    assembly, _, resource = target.partition("/")
    moment = BEGAN + timedelta(seconds=at)
    return EventRecord(
        id="1",
        seq=1,
        at=moment,
        deployable="wordpress",
        assembly=assembly,
        resource=resource or None,
        kind="changed",
        from_=before,
        to=after,
    )


def test_its_spec_is_right_as_it_comes_with_its_scripts_and_secrets(alone: Pcloud, tmp_path: Path) -> None:
    place = GuestsPlace(tmp_path / "demo", tmp_path / "clouds.yaml")
    place.furnish()
    ended = alone("deployable", "check", str(place.spec))
    assert (ended.code, ended.err) == (0, "")
    assert f"image: {IMAGE}\n" in place.spec.read_text()
    assert place.environment()["OS_CLIENT_CONFIG_FILE"] == str(tmp_path / "clouds.yaml")


@pytest.mark.parametrize("script", ["bake.sh", "mysql-provision.sh", "web-provision.sh", "web-configure.sh"])
def test_its_scripts_are_what_a_posix_shell_reads(script: str) -> None:
    file = Path(str(files("pcloud.demo.openstack"))) / "files" / script
    assert subprocess.run(("sh", "-n", file), capture_output=True, check=False).stderr == b""


def test_what_guests_take_to_boot_is_added_up_over_reboots_and_relaunches() -> None:
    events = [
        changed(10, "mysql", "healthy", "rebooting"),
        changed(12, "mysql", "rebooting", "booting"),
        changed(13, "mysql/mariadb", "failed", "unknown"),
        changed(52, "mysql", "booting", "starting"),
        changed(60, "mysql", "launching", "booting"),
        changed(90, "mysql", "booting", "provisioning"),
    ]
    assert booted(events) == 70
    assert booted(events[:3]) == 0


def test_the_table_says_of_what_was_not_done_that_it_was_not() -> None:
    seen = [Times("1. It is killed.", "restart", 1.0, 0.25, 8.75, 0.0, 10.0), Times("2. It hangs.", "nothing", 31.0, None, None, 0.0, 60.0)]
    rows = [line.plain.split() for line in table(seen, 100)]
    assert rows[0] == ["FAULT", "RECOVERY", "DETECT", "DECIDE", "ACT", "BOOT", "HEALTHY"]
    assert rows[1] == ["It", "is", "killed", "restart", "1.0s", "0.2s", "8.8s", "-", "10.0s"]
    assert rows[2] == ["It", "hangs", "nothing", "31.0s", "-", "-", "-", "60.0s"]


def test_a_guest_is_known_by_its_server_among_all_processes() -> None:
    words = ["/usr/bin/qemu-system-x86_64", "-name", "guest=lab-1", "-uuid", "ab-12", "-display", "none"]
    assert is_guest(words, "ab-12")
    assert not is_guest(words, "ab-1")
    assert not is_guest(["grep", "-uuid", "ab-12"], "ab-12")


def test_without_a_checkout_there_is_no_lab(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="there is no OpenStack lab at") as refused:
        Lab(tmp_path / "openstack-lab")
    assert "make demo-openstack" in refused.value.cure
