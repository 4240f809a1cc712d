"""The guests' image: a small Debian with cloud-init and sshd, for the lab's size ``full``. Built once, kept in the cache.

Without partitions and boot loader: the kernel and its initial RAM disk lie beside it. Under QEMU's emulation every process counts, so what
a guest does not need is masked.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from openstack_lab.commands import network_settings, run
from openstack_lab.errors import LabError
from openstack_lab.settings import Settings

PACKAGES = "systemd,systemd-sysv,dbus,openssh-server,cloud-init,linux-image-cloud-amd64,iproute2,netbase,udev,sudo,ca-certificates"
SIZE = "1200M"  # fits into the smallest flavour that can boot it
SETUP = Path(__file__).with_name("guest-setup.sh")
# Documentation in a test's guest would only be copied.
EXCLUDED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/i18n/*")


def exists(settings: Settings) -> bool:
    return settings.guest.is_dir()


def build(settings: Settings) -> None:
    """Whole or not at all."""
    new = settings.cache / "guest.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    root = new / "root"
    run(*bootstrap(root), log=settings.cache / "guest.log", env=network_settings())
    _take(root, "vmlinuz-*", new / "vmlinuz")
    _take(root, "initrd.img-*", new / "initrd.img")
    shutil.rmtree(root / "boot")
    (root / "boot").mkdir()
    raw, disk = new / "disk.raw", new / "guest.qcow2"
    run("truncate", "--size", SIZE, str(raw))
    # A journal, though small: a hard reboot without one lost the guest's network.
    run("mke2fs", "-q", "-t", "ext4", "-J", "size=8", "-E", "lazy_itable_init=0", "-m", "0", "-L", "root", "-d", str(root), str(raw))
    run("qemu-img", "convert", "-O", "qcow2", str(raw), str(disk))
    raw.unlink()
    shutil.rmtree(root)
    new.rename(settings.guest)


def bootstrap(root: Path) -> list[str]:
    options = [
        '--aptopt=APT::Install-Recommends "false"',
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={path}" for path in EXCLUDED),
    ]
    hooks = (f'copy-in "{SETUP}" /root', f'chroot "$1" sh /root/{SETUP.name}', f'rm "$1/root/{SETUP.name}"')
    includes = ["--variant=minbase", "--format=directory", f"--include={PACKAGES}"]
    return ["mmdebstrap", *includes, *options, *(f"--customize-hook={hook}" for hook in hooks), "bookworm", str(root)]


def _take(root: Path, pattern: str, to: Path) -> None:
    found = sorted((root / "boot").glob(pattern))
    if not found:
        raise LabError(f"the guest image came out without /boot/{pattern}: see guest.log beside it")
    shutil.move(found[-1], to)
