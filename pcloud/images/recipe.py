"""What an image is made of.

Rules: pure but for the key, which reads the keyring; equal inputs have equal keys, and one that could make another image has another.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from pcloud.errors import RefusedError

SETUP = Path(__file__).with_name("setup.sh")

PACKAGES = ("systemd", "systemd-sysv", "dbus", "openssh-server", "cloud-init", "iproute2", "netbase", "udev", "sudo", "ca-certificates")
DISK_PACKAGES = ("e2fsprogs", "util-linux", "initramfs-tools")
"""What a disk needs beside them: its root grows to the size of the flavour at the first boot."""

# What nobody reads in a guest would only be copied. (Copyrights stay: they belong to what is copied.)
EXCLUDED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/i18n/*")
KEPT = ("/usr/share/doc/*/copyright",)

COMMAND_LINE = "root=/dev/vda rw console=ttyS0 quiet"
"""For the kernel of a disk without partitions, which OpenStack attaches as the first virtio disk."""

EMULATED_LINE = "mitigations=off no_timer_check"
"""Beside it, where guests are emulated: there is nothing to be protected from, and on a loaded machine an emulated timer is late, at which
the kernel would give up."""

MIRROR_PATIENCE = 60  # seconds that a mirror may be silent, three times over

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9]+)?")


class Form(StrEnum):
    """What comes out."""

    QCOW2 = "qcow2"  # a disk, with its kernel and initial RAM disk beside it: for OpenStack
    TREE = "tree"  # a directory: for the driver ``machine``


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one vendor's packages are had. ``kernel``: of which {} is the architecture."""

    name: str
    kernel: str
    parts: str
    keys: str


DEBIAN = Vendor("Debian", "linux-image-cloud-{}", "main", "debian-archive-keyring")
UBUNTU = Vendor("Ubuntu", "linux-image-virtual", "main universe", "ubuntu-keyring")
RELEASES = {"bookworm": DEBIAN, "trixie": DEBIAN, "jammy": UBUNTU, "noble": UBUNTU}


@dataclass(frozen=True, slots=True)
class Recipe:
    """All inputs of an image. ``provision`` is the text of a script that runs in it once, while it is built. ``mirror`` and ``keyring`` are
    empty for Debian's own. ``emulated``: its guests run without hardware virtualisation, where each unit and each stage of cloud-init costs
    seconds: what can be spared is.
    """

    release: str = "bookworm"
    form: Form = Form.QCOW2
    include: tuple[str, ...] = ()
    provision: str = ""
    mirror: str = ""
    keyring: str = ""
    emulated: bool = False

    @property
    def vendor(self) -> Vendor:
        """Whose release it is; RefusedError for one that nobody here knows."""
        if self.release not in RELEASES:
            near = get_close_matches(self.release, RELEASES, n=1)
            cure = f"did you mean {near[0]}?" if near else f"known are {', '.join(RELEASES)}"
            raise RefusedError(f"there is no release {self.release} to build an image of", cure)
        return RELEASES[self.release]

    def check(self) -> None:
        """RefusedError for what cannot be built, whatever the machine."""
        vendor = self.vendor
        if vendor is UBUNTU and not (self.mirror and self.keyring):
            cure = f"name them: --mirror URL --keyring FILE (package {vendor.keys})"
            raise RefusedError(f"{self.release} is {vendor.name}: its archive and the keys that sign it are not known here", cure)
        for package in self.include:
            if not PACKAGE.fullmatch(package):
                raise RefusedError(f"--include: {package!r} cannot be the name of a package", "separate names by commas")
        if self.keyring and not Path(self.keyring).is_file():
            raise RefusedError(f"--keyring: there is no file {self.keyring}", f"{vendor.name}'s are in its package {vendor.keys}")

    @property
    def command_line(self) -> str:
        """For its kernel."""
        return f"{COMMAND_LINE} {EMULATED_LINE}" if self.emulated else COMMAND_LINE

    def packages(self, architecture: str) -> tuple[str, ...]:
        """All that are asked for; they bring what they need."""
        more = (*DISK_PACKAGES, self.vendor.kernel.format(architecture)) if self.form is Form.QCOW2 else ()
        return tuple(dict.fromkeys((*PACKAGES, *more, *self.include)))

    def key(self, architecture: str) -> str:
        """A digest of all inputs, those of pcloud's own among them."""
        keys = hashlib.sha256(Path(self.keyring).read_bytes()).hexdigest() if self.keyring else ""
        inputs = asdict(self) | {
            "keyring": keys,
            "packages": self.packages(architecture),
            "setup": SETUP.read_text(),
            "line": self.command_line,
        }
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()

    def words(self, root: Path, script: Path, architecture: str) -> list[str]:
        """The command that makes the tree ``root``; ``script`` holds ``provision``, if there is any."""
        options = [
            "--variant=minbase",
            "--format=directory",
            f"--include={','.join(self.packages(architecture))}",
            '--aptopt=APT::Install-Recommends "false"',
            f'--aptopt=Acquire::http::Timeout "{MIRROR_PATIENCE}"',
            '--aptopt=Acquire::Retries "3"',
            "--dpkgopt=force-unsafe-io",
            *(f"--dpkgopt=path-exclude={path}" for path in EXCLUDED),
            *(f"--dpkgopt=path-include={path}" for path in KEPT),
            *([f"--keyring={self.keyring}"] if self.keyring else []),
        ]
        scripts = [(script, "pcloud-provision")] if self.provision else []
        hooks = [hook for each in (*scripts, (SETUP, "pcloud-setup")) for hook in self._run_inside(*each)]
        return ["mmdebstrap", *options, *(f"--customize-hook={hook}" for hook in hooks), self.release, str(root), *self._sources()]

    def _run_inside(self, script: Path, name: str) -> list[str]:
        """Hooks that run a script in the tree, and leave nothing of it there."""
        settings = f"PCLOUD_IMAGE={self.form} PCLOUD_EMULATED={'yes' if self.emulated else ''}"
        place = f'"$1/root/{name}"'
        return [
            f"install -m 700 {shlex.quote(str(script))} {place}",
            f'chroot "$1" env DEBIAN_FRONTEND=noninteractive {settings} /root/{name} </dev/null',
            f"rm {place}",
        ]

    def _sources(self) -> list[str]:
        """Where its packages come from, unless that is Debian's own."""
        if not self.mirror:
            return []
        suites = [self.release, f"{self.release}-updates"] if self.vendor is UBUNTU else [self.release]
        return [f"deb {self.mirror} {suite} {self.vendor.parts}" for suite in suites]
