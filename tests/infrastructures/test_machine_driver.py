"""What the driver ``machine`` promises beyond the contract: it is never wrong about what runs, and writes to nothing but the machine."""

from __future__ import annotations

import asyncio
import os
import signal
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.local.refusals import ConflictError, UnavailableError
from cpe.shell.infrastructures.machine.container import running
from cpe.shell.infrastructures.machine.furnishing import Layer
from cpe.shell.infrastructures.machine.network import Network
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.errors import InfrastructureError, RefusedError
from pcloud.model.words import InstanceStatus
from tests.agents.nspawn import why_not
from tests.infrastructures.contract import ORDER
from tests.infrastructures.machine_cloud import machine_cloud

BAD = Path("/sys/class/net/pctbad0")

as_root = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")


@pytest.fixture
def layer(tmp_path: Path) -> Layer:
    image = tmp_path / "image"
    (image / "var").mkdir(parents=True)
    (image / "usr" / "bin").mkdir(parents=True)
    for link, target in {"var/run": "/run", "bin": "usr/bin", "round": "round", "out": "../../../etc", "usr/up": "../var"}.items():
        (image / link).symlink_to(target)
    return Layer(image, tmp_path / "upper")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/etc/app.conf", "etc/app.conf"),
        ("/var/run/app/pid", "run/app/pid"),
        ("/bin/app", "usr/bin/app"),
        ("/out/passwd", "etc/passwd"),
        ("/../../etc/passwd", "etc/passwd"),
        ("/usr/up/run/x", "run/x"),
        ("/bin", "bin"),
    ],
)
def test_what_is_written_lands_where_the_machine_itself_would_find_it(layer: Layer, tmp_path: Path, path: str, place: str) -> None:
    layer.write(path, "content", 0o640)
    written = tmp_path / "upper" / place
    assert (written.read_text(), written.stat().st_mode & 0o777) == ("content", 0o640)


def test_links_that_lead_round_in_a_circle_are_refused(layer: Layer) -> None:
    with pytest.raises(ConflictError, match="/round/x leads round in a circle"):
        layer.write("/round/x", "")


def test_every_address_but_the_hosts_is_given_once() -> None:
    network = Network("pct0", IPv4Network("10.213.0.0/28"))
    taken: list[str] = []
    for _ in range(13):
        taken.append(network.free_address(taken))
    assert sorted(taken, key=lambda each: int(each.rpartition(".")[2])) == [f"10.213.0.{number}" for number in range(2, 15)]
    with pytest.raises(UnavailableError, match="no address is free"):
        network.free_address(taken)


@as_root
@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({}, "args.images: is missing"),
        ({"images": {}}, "args.images: is empty"),
        ({"images": {"a": "rel"}}, "args.images.a: rel is no absolute path; name the directory"),
        ({"images": {"a": "/x"}, "bridge": "Br 0"}, "args.bridge: 'Br 0' cannot be the name of a bridge"),
        ({"images": {"a": "/x"}, "subnet": "8.8.8.0/24"}, "args.subnet: 8.8.8.0/24 is no private network"),
        ({"images": {"a": "/x"}, "brigde": "b"}, 'args.brigde: unknown key "brigde"; did you mean "bridge"?'),
    ],
)
def test_settings_that_cannot_be_are_told(tmp_path: Path, args: dict[str, object], words: str) -> None:
    settings = InfrastructureSettings.model_validate({"driver": "machine", "args": args})
    with pytest.raises(RefusedError) as refused:
        build("lab", settings, controller="here", state_directory=tmp_path)
    assert words in str(refused.value)


@as_root
@pytest.mark.machine
@pytest.mark.timeout(900)  # the first time it builds the image
async def test_a_machine_whose_nspawn_was_killed_runs_until_it_is_stopped(tmp_path: Path) -> None:
    with machine_cloud(tmp_path / "clouds" / "lab") as cloud:
        made = await cloud.create(ORDER)
        async with asyncio.timeout(30):
            while all(running(made.id).values()):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)
        nspawn = min(pid for pid, is_nspawn in running(made.id).items() if is_nspawn)  # the first of its own children
        os.kill(nspawn, signal.SIGKILL)
        async with asyncio.timeout(30):
            while nspawn in running(made.id):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert running(made.id), "its first process lives on"
        assert (await cloud.read(made.id)).status is InstanceStatus.ACTIVE
        await cloud.stop(made.id)
        assert (await cloud.read(made.id)).status is InstanceStatus.SHUTOFF
        await cloud.start(made.id)
        assert (await cloud.read(made.id)).status is InstanceStatus.ACTIVE


@as_root
@pytest.mark.machine
async def test_an_image_that_does_not_boot_is_told_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "image" / "usr").mkdir(parents=True)
    args = {"images": {"host": str(tmp_path / "image")}, "bridge": "pctbad0"}
    settings = InfrastructureSettings.model_validate({"driver": "machine", "args": args})
    cloud = build("lab", settings, controller="here", state_directory=tmp_path)
    with pytest.raises(InfrastructureError, match="systemd-nspawn: "):
        await cloud.create(ORDER)
    [made] = await cloud.find("shop", "web")
    assert made.status is InstanceStatus.SHUTOFF
    await cloud.destroy(made.id)
    assert not os.path.exists(BAD)  # noqa: ASYNC240, PTH110 - a look, no work
    cloud.close()  # type: ignore[attr-defined]
