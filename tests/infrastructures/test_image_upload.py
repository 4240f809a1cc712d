"""An image is put to an OpenStack whole, or not at all: the same cases on the lab's Glance and on the stand-in, which has bad days too."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cpe.shell.infrastructures.openstack.account import Entry
from cpe.shell.infrastructures.openstack.driver import OpenStackDriver
from cpe.shell.infrastructures.openstack.identity import Identity
from cpe.shell.infrastructures.openstack.images import SENDER, ImagePart, ImageService, digest
from pcloud.errors import InfrastructureError, RefusedError
from tests.infrastructures.openstack_cloud import OPENSTACK
from tests.infrastructures.openstack_cloud import driver as lab_driver
from tests.infrastructures.small_glance import SmallGlance, small_glance

pytestmark = pytest.mark.real

NAME = "upload-test"
LAB = pytest.param("openstack", marks=OPENSTACK)
Told = list[tuple[str, int, int]]
Parts = tuple[ImagePart, ...]


@pytest.fixture
def glance() -> Iterator[SmallGlance]:
    with small_glance() as cloud:
        yield cloud


def driver_of(cloud: SmallGlance) -> OpenStackDriver:
    auth = {"auth_url": cloud.url, "username": "demo", "password": "secret", "project_name": "demo"}
    return OpenStackDriver(Identity(lambda: Entry("a test", {"auth": auth}).account()))


@pytest.fixture(params=["stand-in", LAB])
def driver(request: pytest.FixtureRequest) -> Iterator[OpenStackDriver]:
    with ExitStack() as stack:
        own = request.param == "stand-in"
        made = driver_of(stack.enter_context(small_glance())) if own else lab_driver("demo")
        try:
            yield made
        finally:
            for image in named(made):
                made.image_connection.request(f"/v2/images/{image['id']}", method="DELETE")


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return (
        part(tmp_path, "kernel", b"k" * 1000, "aki", "kernel_id"),
        part(tmp_path, "ramdisk", b"r" * 300_000, "ari", "ramdisk_id"),
        replace(part(tmp_path, "", b"d" * 700_000, "raw", ""), properties={"os_command_line": "root=/dev/vda"}),
    )


def part(directory: Path, role: str, content: bytes, kind: str, key: str) -> ImagePart:
    path = directory / (role or "disk")
    path.write_bytes(content)
    return ImagePart(f"{NAME}-{role}" if role else NAME, path, hashlib.sha256(content).hexdigest(), kind, key)


def named(driver: OpenStackDriver) -> list[dict[str, Any]]:
    """All images of this test that are there."""
    names = (NAME, f"{NAME}-kernel", f"{NAME}-ramdisk")
    found = [driver.image_connection.request("/v2/images", params={"name": name}).object["images"] for name in names]
    return [image for images in found for image in images]


def silent(name: str, sent: int, size: int) -> None:
    """Nobody listens."""


def test_a_disk_is_put_there_with_its_kernel_and_the_same_once_more_is_no_work(driver: OpenStackDriver, parts: Parts) -> None:
    told: Told = []
    service = ImageService("lab", driver)
    put = service.put(parts, lambda *words: told.append(words))
    assert put.new
    disk, kernel, ramdisk = named(driver)
    assert {"kernel_id": kernel["id"], "ramdisk_id": ramdisk["id"]} == put.parts
    assert (disk["id"], disk["kernel_id"], disk["ramdisk_id"]) == (put.id, kernel["id"], ramdisk["id"])
    assert disk["os_command_line"] == "root=/dev/vda"
    assert disk["os_hash_value"] == digest(parts[-1].path, disk["os_hash_algo"])
    assert [each["status"] for each in (disk, kernel, ramdisk)] == ["active"] * 3
    assert [each for each in told if each[1] == each[2]][-1] == (NAME, 700_000, 700_000)
    told.clear()
    assert service.put(parts, lambda *words: told.append(words)) == replace(put, new=False)
    assert told == []


def test_a_name_that_something_else_bears_is_refused_and_nothing_is_made(driver: OpenStackDriver, parts: Parts, tmp_path: Path) -> None:
    service = ImageService("lab", driver)
    *others, disk = parts
    service.put([disk], silent)
    other = part(tmp_path, "", b"other", "raw", "")
    with pytest.raises(RefusedError, match=f"lab has another image {NAME} .*of another content") as refused:
        service.put([*others, other], silent)
    assert "another name" in refused.value.cure
    disk.path.write_bytes(b"d" * 700_000)
    with pytest.raises(RefusedError, match="its kernel_id is None, and not that of upload-test-kernel"):
        service.put(parts, silent)
    assert [each["name"] for each in named(driver)] == [NAME]


def test_what_is_interrupted_leaves_nothing(driver: OpenStackDriver, parts: Parts) -> None:
    def interrupted(name: str, sent: int, size: int) -> None:
        if (name, sent >= size) == (NAME, False):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ImageService("lab", driver).put(parts, interrupted)
    assert named(driver) == []


def test_a_file_that_is_not_what_was_built_is_refused_before_anything_is_sent(driver: OpenStackDriver, parts: Parts) -> None:
    parts[-1].path.write_bytes(b"rotten")
    with pytest.raises(RefusedError, match="disk is not what was built: its checksum has changed"):
        ImageService("lab", driver).put(parts, silent)
    assert named(driver) == []


@pytest.mark.parametrize(
    ("bad", "said"), [({"cut": 500_000}, "lab: uploading upload-test"), ({"garble": 1}, "did not arrive as it was sent")]
)
def test_what_does_not_arrive_whole_is_deleted_again(glance: SmallGlance, parts: Parts, bad: dict[str, int], said: str) -> None:
    glance.bad = dict(bad)
    with pytest.raises(InfrastructureError, match=said):
        ImageService("lab", driver_of(glance)).put(parts, silent)
    assert glance.images == {}


def test_where_a_token_is_refused_the_file_is_sent_again_from_its_beginning(glance: SmallGlance, parts: Parts) -> None:
    glance.bad = {"refuse": 1}
    put = ImageService("lab", driver_of(glance)).put(parts[1:], silent)
    assert glance.sent == [f"{NAME}-ramdisk", NAME]
    assert {each["os_hash_value"] for each in glance.images.values()} == {digest(each.path, "sha512") for each in parts[1:]}
    assert put.new


def test_what_a_killed_upload_of_this_machine_left_is_swept_away(glance: SmallGlance, parts: Parts) -> None:
    driver, half = driver_of(glance), {"name": NAME, "status": "saving"}
    glance.images = {"a": {"id": "a", **half, SENDER: platform.node()}}
    assert ImageService("lab", driver).put(parts, silent).new
    assert "a" not in glance.images
    glance.images = {"b": {"id": "b", **half, SENDER: "elsewhere"}}
    with pytest.raises(RefusedError, match=r"an image upload-test \(b\) is being made there, or was left half-made"):
        ImageService("lab", driver).put(parts, silent)
    assert list(glance.images) == ["b"]


def test_a_cloud_without_an_image_service_is_told(glance: SmallGlance, parts: Parts) -> None:
    glance.services = ["compute"]
    with pytest.raises(InfrastructureError, match="the cloud has no public image service") as told:
        ImageService("lab", driver_of(glance)).put(parts, silent)
    assert told.value.cure == "its catalog has compute"
