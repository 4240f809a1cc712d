"""libvirtd, in the foreground: no systemd, no cgroups, no virtlogd, no security driver. Its own directories are the lab's, in the room."""

from __future__ import annotations

from pathlib import Path

from openstack_lab.services.common import Daemon, Service
from openstack_lab.settings import Settings

# The QEMU driver knows no other path; in the room, /etc/libvirt is a copy below the lab's directory.
QEMU_CONF = Path("/etc/libvirt/qemu.conf")

QEMU = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
stdio_handler = "file"
"""


def libvirtd(settings: Settings) -> Service:
    path = settings.etc / "libvirtd.conf"
    text = f'listen_tls = 0\nlisten_tcp = 0\nunix_sock_dir = "{settings.run}"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\n'
    argv = ("libvirtd", "--config", str(path), "--pid-file", str(settings.run / "libvirtd.pid"))
    return Service("libvirt", {path: text, QEMU_CONF: QEMU}, (Daemon("libvirtd", argv),))
