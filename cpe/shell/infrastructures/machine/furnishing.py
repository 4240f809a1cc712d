"""What a machine's own layer holds before its first boot: network, keys, and what its user data asks for.

Rules: written beside the image, never through it: a link of the image to /run would lead to the host's own. Scripts are run once, by a unit
at the end of the boot, as cloud-init runs them.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from cpe.shell.infrastructures.local.cloudinit import FirstBoot
from cpe.shell.infrastructures.local.refusals import ConflictError
from cpe.shell.infrastructures.machine.network import Network

SCRIPTS = "var/lib/pcloud-firstboot"
LINKS = 40
"""Links in one path, as the kernel bounds them."""

UNIT = """\
[Unit]
Description=What the user data of this machine asks for, once
ConditionDirectoryNotEmpty=/var/lib/pcloud-firstboot
After=network.target ssh.service

[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh -c 'for each in /var/lib/pcloud-firstboot/*; do "$each"; rm -f "$each"; done'
StandardOutput=journal+console
"""

NETWORK = """\
[Match]
Name=host0

[Network]
Address={address}
Gateway={gateway}
LinkLocalAddressing=no
"""


class Layer:
    """The machine's own layer in ``upper``, over the root file system in ``image``."""

    def __init__(self, image: Path, upper: Path) -> None:
        self._image = image
        self._upper = upper

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file of the machine. ConflictError where the image's links lead nowhere."""
        file = self._upper / self.resolved(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content.encode() if isinstance(content, str) else content)
            os.fchmod(opened.fileno(), mode)

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link of the machine."""
        link = self._upper / self.resolved(path)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)

    def resolved(self, path: str) -> PurePosixPath:
        """The path in the machine, relative to its root, with the image's links followed as the machine itself would follow them."""
        todo = [part for part in PurePosixPath(path).parts if part != "/"]
        done: list[str] = []
        links = 0
        while todo:
            part = todo.pop(0)
            if part == "..":
                done = done[:-1]
                continue
            here = self._image.joinpath(*done, part)
            if todo and here.is_symlink():
                links += 1
                if links > LINKS:
                    raise ConflictError(f"{path} leads round in a circle")
                target = PurePosixPath(os.readlink(here))  # noqa: PTH115 - Path.readlink is the same, and no pure path
                done = [] if target.is_absolute() else done
                todo = [each for each in target.parts if each != "/"] + todo
            else:
                done.append(part)
        return PurePosixPath(*done)


def furnish(layer: Layer, *, name: str, address: str, network: Network, wanted: FirstBoot) -> list[str]:
    """Write it all; what could not be written of the user data is returned in words."""
    layer.write("/etc/hostname", f"{name}\n")
    layer.write("/etc/systemd/network/10-pcloud.network", NETWORK.format(address=network.with_prefix(address), gateway=network.gateway))
    layer.link("/etc/systemd/system/multi-user.target.wants/systemd-networkd.service", "/lib/systemd/system/systemd-networkd.service")
    layer.link("/etc/systemd/system/systemd-networkd-wait-online.service", "/dev/null")  # its link is a cable of this host
    layer.write("/etc/ssh/sshd_config.d/pcloud.conf", "UseDNS no\n")
    layer.write("/root/.ssh/authorized_keys", "".join(f"{key}\n" for key in wanted.authorized_keys), 0o600)
    if wanted.host_private:
        layer.write("/etc/ssh/ssh_host_ed25519_key", wanted.host_private, 0o600)
        layer.write("/etc/ssh/ssh_host_ed25519_key.pub", f"{wanted.host_public.strip()}\n")
    for number, script in enumerate(wanted.scripts):
        layer.write(f"/{SCRIPTS}/script-{number:03}", script, 0o700)
    layer.write("/etc/systemd/system/pcloud-firstboot.service", UNIT)
    layer.link("/etc/systemd/system/multi-user.target.wants/pcloud-firstboot.service", "/etc/systemd/system/pcloud-firstboot.service")
    notes = list(wanted.notes)
    for file in wanted.files:
        try:
            layer.write(file.path, file.content, file.mode)
        except (OSError, ConflictError) as error:
            notes.append(f"user data: {file.path} cannot be written: {error}")
    return notes
