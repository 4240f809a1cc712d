"""``pcloud image upload`` as people type it: to a cloud on loopback, and where it cannot come to anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pcloud.images.record import ImageRecord, image_file
from pcloud.images.store import ImageStore
from tests.cli.conftest import Pcloud, alone
from tests.infrastructures.small_glance import SmallGlance, small_glance

__all__ = ["alone"]  # a fixture

pytestmark = pytest.mark.real

CONFIG = """
[infrastructures.lab]
driver = "openstack"
cloud = "mine"
[infrastructures.here]
driver = "machine"
"""


@pytest.fixture
def glance() -> Iterator[SmallGlance]:
    with small_glance() as cloud:
        yield cloud


@pytest.fixture
def upload(alone: Pcloud, glance: SmallGlance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pcloud:
    """``pcloud image upload`` with two images, a disk and a tree, and an account at the cloud."""
    store = ImageStore(tmp_path / "images")
    monkeypatch.setenv("PCLOUD_IMAGES", str(store.directory))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    auth = {"auth_url": glance.url, "username": "ann", "password": "secret", "project_name": "shop"}
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"mine": {"auth": auth}}}))
    (tmp_path / "pcloud.toml").write_text(CONFIG)
    with store.room("web") as place:
        files = {}
        for part in ("disk", "kernel", "ramdisk"):
            (place / part).write_bytes(part.encode() * 1000)
            files[part] = image_file(place / part)
        common = ("bookworm", "amd64", "2026-01-02T03:04:05Z", 61.5, 12, "k")
        ImageRecord("web", "qcow2", *common, emulated=True, command_line="root=/dev/vda", **files).save(place)
    with store.room("tree") as place:
        (place / "root").mkdir()
        ImageRecord("tree", "tree", *common, tree="root").save(place)
    return lambda *words: alone("image", "upload", *words, "--config", "pcloud.toml")


def test_what_was_built_is_there_afterwards_with_all_that_a_guest_needs(upload: Pcloud, glance: SmallGlance) -> None:
    ended = upload("web", "--infrastructure", "lab", "--json")
    assert ended.code == 0, ended.err
    said = json.loads(ended.out)
    disk = glance.images[said["id"]]
    assert (said["new"], disk["kernel_id"], disk["ramdisk_id"]) == (True, said["kernel_id"], said["ramdisk_id"])
    wanted = {"name": "web", "disk_format": "qcow2", "container_format": "bare", "os_command_line": "root=/dev/vda"}
    assert disk.items() >= {**wanted, "hw_rng_model": "virtio", "hw_video_model": "none"}.items()
    assert [glance.images[said[role]]["disk_format"] for role in ("kernel_id", "ramdisk_id")] == ["aki", "ari"]
    assert [line.split("s  ")[1] for line in ended.err.splitlines() if "100 %" in line] == [
        f"uploading {name}: 100 % of 0 MiB" for name in ("web-kernel", "web-ramdisk", "web")
    ]
    again = upload("web", "--infrastructure", "lab")
    assert (again.code, again.err) == (0, "")
    assert again.out == f"web is there already, the same, in lab: {said['id']}\n"


@pytest.mark.parametrize(
    ("words", "code", "said", "cure"),
    [
        (("tree", "--infrastructure", "lab"), 4, "the image tree is a tree, which no image service takes", "--format qcow2"),
        (("web", "--infrastructure", "here"), 4, "the driver machine takes no uploads of images", "--format tree"),
        (("web", "--infrastructure", "local"), 4, "the driver local takes no uploads of images", "host"),
        (("web", "--infrastructure", "lap"), 3, "there is no infrastructure lap", "did you mean lab?"),
        (("wep", "--infrastructure", "lab"), 3, "there is no image wep", "did you mean web?"),
        (("web",), 2, "--infrastructure", ""),
    ],
)
def test_what_cannot_be_uploaded_is_told_with_what_helps(upload: Pcloud, glance: SmallGlance, words, code, said, cure) -> None:
    ended = upload(*words)
    assert ended.code == code
    assert said in ended.err
    assert cure in ended.err
    assert glance.images == {}
