"""What is refused before anything is done, each with one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from openstack_lab import checks
from openstack_lab.errors import LabError
from openstack_lab.main import directory, main
from openstack_lab.settings import Settings

ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
GIB = 1024**3


def route(name: str, destination: str, mask: str) -> str:
    return f"{ROUTES}{name}\t{destination}\t00000000\t0001\t0\t0\t0\t{mask}\t0\t0\t0\n"


def test_a_network_that_is_reached_already_is_refused_with_its_interface() -> None:
    with pytest.raises(LabError, match=r"needs the network 10\.77\.0\.0/24, and 10\.77\.0\.0/16 is reached through tun0"):
        checks.networks(route("tun0", "00004D0A", "0000FFFF"))


@pytest.mark.parametrize("table", [ROUTES, route("eth0", "00000000", "00000000"), route("eth0", "00024D0A", "00FFFFFF")])
def test_a_default_route_and_a_neighbouring_network_are_none_of_ours(table: str) -> None:
    checks.networks(table)


def test_an_interface_of_our_name_is_refused() -> None:
    with pytest.raises(LabError, match="pclab-api already, which is not this lab's"):
        checks.interfaces(["lo", "pclab-api"])
    checks.interfaces(["lo", "eth0"])


@pytest.mark.parametrize(
    ("memory", "disk", "missing", "words"),
    [
        (3 * GIB, 100 * GIB, False, r"needs 4 GiB of free memory, and there are 3\.0"),
        (9 * GIB, 0.5 * GIB, False, r"needs 1 GiB of free disk for /lab, and there are 0\.5"),
        (9 * GIB, 2 * GIB, True, r"needs 4 GiB of free disk for /lab, and there are 2\.0"),
    ],
)
def test_too_little_room_is_refused_with_what_is_needed(memory: int, disk: int, missing: bool, words: str) -> None:
    with pytest.raises(LabError, match=words):
        checks.room(Settings(home=Path("/lab")), memory, disk, missing)


def test_enough_room_is_enough() -> None:
    checks.room(Settings("full"), 6 * GIB, 7 * GIB, packages_missing=True)


def test_another_distribution_is_refused(tmp_path: Path) -> None:
    release = tmp_path / "os-release"
    release.write_text("ID=ubuntu\nVERSION_CODENAME=noble\n")
    with pytest.raises(LabError, match="Debian 12"):
        checks.distribution(release)
    with pytest.raises(LabError, match="Debian 12"):
        checks.distribution(tmp_path / "none")


def test_a_directory_that_holds_somebodys_files_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    with pytest.raises(LabError, match="holds files that are not a lab's"):
        directory(str(tmp_path))
    with pytest.raises(LabError, match="from the root"):
        directory("lab")


@pytest.mark.parametrize("names", [(), ("cache",), ("cache", ".lab.json.new"), ("lab.json", "etc", "cache")])
def test_the_directory_of_a_lab_however_far_it_came_is_taken(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert directory(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("words", [["up", "huge"], ["up", "fake", "full"], ["stop"], [], ["down", "--cache"]])
def test_words_that_mean_nothing_are_refused_as_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "openstack-lab" in capsys.readouterr().err
