"""What an image is made of, and what cannot be built."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import pcloud.images
from pcloud.errors import PcloudError, RefusedError
from pcloud.images.recipe import SETUP, Form, Recipe
from pcloud.images.record import ImageFile, ImageRecord, load

PLAIN = Recipe()
ROOT, SCRIPT = Path("/new/root"), Path("/new/provi sion")


def test_whatever_could_make_another_image_makes_another_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys.gpg"
    keys.write_bytes(b"a")
    changed = [
        PLAIN,
        replace(PLAIN, release="trixie"),
        replace(PLAIN, form=Form.TREE),
        replace(PLAIN, include=("nginx",)),
        replace(PLAIN, provision="#!/bin/sh\n"),
        replace(PLAIN, mirror="http://mirror.example/debian"),
        replace(PLAIN, emulated=True),
        replace(PLAIN, keyring=str(keys)),
    ]
    assert len({each.key("amd64") for each in changed}) == len(changed)
    assert PLAIN.key("amd64") == Recipe().key("amd64") != PLAIN.key("arm64")
    before = changed[-1].key("amd64")
    keys.write_bytes(b"b")
    assert changed[-1].key("amd64") != before


def test_a_disk_has_a_kernel_and_a_tree_has_none() -> None:
    disk, tree = (replace(PLAIN, form=form, include=("nginx", "sudo")).packages("amd64") for form in Form)
    assert {"linux-image-cloud-amd64", "cloud-init", "openssh-server", "nginx"} <= set(disk)
    assert not any(each.startswith("linux-") for each in tree)
    assert len(disk) == len(set(disk)), "one that is asked for twice is there once"


def test_its_script_runs_before_the_setup_and_nothing_of_either_stays() -> None:
    words = replace(PLAIN, provision="#!/bin/sh\n").words(ROOT, SCRIPT, "amd64")
    hooks = [word.partition("=")[2] for word in words if word.startswith("--customize-hook=")]
    assert [hook.split()[0] for hook in hooks] == ["install", "chroot", "rm", "install", "chroot", "rm"]
    assert "'/new/provi sion'" in hooks[0]
    assert str(SETUP) in hooks[3]
    assert words[-2:] == ["bookworm", "/new/root"]


def test_ubuntu_is_had_from_its_mirror_with_its_updates(tmp_path: Path) -> None:
    keys = tmp_path / "ubuntu.gpg"
    keys.touch()
    recipe = Recipe("noble", mirror="http://mirror.example/ubuntu", keyring=str(keys))
    recipe.check()
    words = recipe.words(ROOT, SCRIPT, "amd64")
    assert words[-3:] == [
        "/new/root",
        "deb http://mirror.example/ubuntu noble main universe",
        "deb http://mirror.example/ubuntu noble-updates main universe",
    ]
    assert f"--keyring={keys}" in words


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        (Recipe("bokworm"), "there is no release bokworm"),
        (Recipe("noble"), "noble is Ubuntu: its archive and the keys"),
        (Recipe("noble", mirror="http://mirror.example/ubuntu"), "noble is Ubuntu: its archive and the keys"),
        (Recipe(keyring="/nowhere/keys.gpg"), "there is no file /nowhere/keys.gpg"),
        (Recipe(include=("nginx php",)), "'nginx php' cannot be the name of a package"),
        (Recipe(include=("--hook",)), "'--hook' cannot be the name of a package"),
    ],
)
def test_what_cannot_be_built_is_refused_with_what_would_help(recipe: Recipe, words: str) -> None:
    with pytest.raises(RefusedError, match=words) as refused:
        recipe.check()
    assert refused.value.cure


def test_a_record_is_read_as_it_was_written_and_a_later_one_as_far_as_it_is_known(tmp_path: Path) -> None:
    file = ImageFile("disk.qcow2", 5, "abc", 7)
    record = ImageRecord("web", "qcow2", "bookworm", "amd64", "2026-01-02T03:04:05Z", 61.5, 12, "k", ("nginx",), disk=file, kernel=file)
    record.save(tmp_path)
    assert load(tmp_path) == record
    text = (tmp_path / "image.json").read_text()
    (tmp_path / "image.json").write_text(text.replace('"name"', '"colour": "red", "name"'))
    assert load(tmp_path) == record
    for broken in ("", "[]", "{}", text[:-20], text.replace('"sha256"', '"sum"')):
        (tmp_path / "image.json").write_text(broken)
        with pytest.raises(PcloudError, match=r"image\.json is no record of an image"):
            load(tmp_path)


def imported(tree: ast.Module) -> set[str]:
    nodes = list(ast.walk(tree))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def test_any_python_can_run_it_for_it_needs_the_standard_library_only() -> None:
    place = Path(pcloud.images.__path__[0])
    names = {name for file in place.glob("*.py") for name in imported(ast.parse(file.read_text()))}
    foreign = {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith("pcloud.images")} == {"pcloud.errors"}


@pytest.mark.skipif(shutil.which("dash") is None, reason="dash is missing here")
def test_the_setup_is_a_script_that_a_posix_shell_can_read() -> None:
    assert subprocess.run(["dash", "-n", SETUP], check=False, timeout=30).returncode == 0
