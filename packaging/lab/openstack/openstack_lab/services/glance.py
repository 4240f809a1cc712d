"""Glance: images, kept as files."""

from __future__ import annotations

from openstack_lab.services.common import Daemon, Service, console_script, database, ini, logging, program, token_check
from openstack_lab.settings import PORTS, Settings


def glance(settings: Settings) -> Service:
    path, script = settings.etc / "glance-api.conf", program(settings, "glance-api")
    return Service(
        "glance",
        {path: ini(configuration(settings)), script: console_script("glance.cmd.api")},
        (Daemon("glance-api", (str(script), "--config-file", str(path)), port=PORTS["glance"]),),
        ("glance",),
        (("glance-manage", "--config-file", str(path), "db_sync"),),
    )


def configuration(settings: Settings) -> dict[str, dict[str, object]]:
    state = settings.state / "glance"
    return {
        "DEFAULT": {
            **logging(),
            "bind_host": settings.api,
            "workers": 0,  # in the first process itself
            "enabled_backends": "file:file",
            "public_endpoint": settings.url("glance"),
        },
        "database": database(settings, "glance"),
        "glance_store": {"default_backend": "file"},
        "file": {"filesystem_store_datadir": settings.state / "images"},
        "os_glance_staging_store": {"filesystem_store_datadir": state / "staging"},
        "os_glance_tasks_store": {"filesystem_store_datadir": state / "tasks"},
        "paste_deploy": {"flavor": "keystone", "config_file": "/usr/share/glance-common/glance-api-paste.ini"},
        "oslo_concurrency": {"lock_path": settings.state / "lock"},
        "keystone_authtoken": token_check(settings, "glance"),
    }
