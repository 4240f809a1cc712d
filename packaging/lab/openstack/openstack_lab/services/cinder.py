"""Cinder: volumes, by its stock NFS driver on a directory of this machine.

The "export" is a directory whose name holds ":/", and its mount option is ``bind``: ``mount -t nfs -o bind DIRECTORY PLACE`` needs no NFS
in the kernel and no mount.nfs. The driver only wants to see that there is one: /bin/true, on its own PATH, where mount(8) never looks.
The places must be on another file system than the directory, since a bind mount within one is none to ``os.path.ismount``.
"""

from __future__ import annotations

from openstack_lab.commands import ENVIRONMENT
from openstack_lab.services.common import (
    RETRY,
    Daemon,
    Service,
    console_script,
    credentials,
    database,
    ini,
    logging,
    messages,
    program,
    token_check,
)
from openstack_lab.settings import PORTS, VOLUME_HOST, Settings

PASTE = "/usr/share/cinder-common/api-paste.ini"
BACKEND = "files"


def cinder(settings: Settings) -> Service:
    path, shares = settings.etc / "cinder.conf", settings.etc / "nfs_shares"
    names = ("cinder-api", "cinder-scheduler", "cinder-volume")
    scripts = {program(settings, name): console_script(f"cinder.cmd.{name.removeprefix('cinder-')}") for name in names}
    pretended = settings.home / "bin" / "nfs" / "mount.nfs"
    path_of_volume = {"PATH": f"{pretended.parent}:{ENVIRONMENT['PATH']}"}

    def daemon(name: str, env: dict[str, str], port: int | None = None) -> Daemon:
        return Daemon(name, (str(program(settings, name)), "--config-file", str(path)), env, port)

    return Service(
        "cinder",
        {
            path: ini(configuration(settings)),
            shares: f"{settings.volumes} -i -o bind\n",
            pretended: "#!/bin/true\n",
            **scripts,
        },
        (daemon("cinder-api", {}, PORTS["cinder"]), daemon("cinder-scheduler", {}), daemon("cinder-volume", path_of_volume)),
        ("cinder",),
        (("cinder-manage", "--config-file", str(path), "db", "sync"),),
    )


def configuration(settings: Settings) -> dict[str, dict[str, object]]:
    helper = f"privsep-helper --config-file {settings.etc / 'cinder.conf'}"
    return {
        "DEFAULT": {
            **logging(),
            "my_ip": settings.api,
            "host": VOLUME_HOST,
            "state_path": settings.state / "cinder",
            "transport_url": messages(settings),
            "rpc_response_timeout": 120,
            "auth_strategy": "keystone",
            "api_paste_config": PASTE,
            "rootwrap_config": "/etc/cinder/rootwrap.conf",
            "osapi_volume_listen": settings.api,
            "osapi_volume_workers": 1,
            "glance_api_servers": settings.url("glance"),
            "enabled_backends": BACKEND,
            "default_volume_type": "__DEFAULT__",
            "quota_volumes": -1,
            "quota_gigabytes": -1,
            "quota_snapshots": -1,
        },
        BACKEND: {
            "volume_driver": "cinder.volume.drivers.nfs.NfsDriver",
            "volume_backend_name": BACKEND,
            "nfs_shares_config": settings.etc / "nfs_shares",
            "nfs_mount_point_base": settings.memory / "mounts" / "cinder",
            "nfs_sparsed_volumes": True,
            "nas_secure_file_operations": True,
            "nas_secure_file_permissions": True,
            "max_over_subscription_ratio": 100,
        },
        "database": database(settings, "cinder"),
        "oslo_messaging_rabbit": RETRY,
        "oslo_concurrency": {"lock_path": settings.state / "lock"},
        "nova": credentials(settings, "nova"),
        **{context: {"helper_command": helper} for context in ("cinder_sys_admin", "privsep_osbrick")},
        "keystone_authtoken": token_check(settings, "cinder"),
    }
