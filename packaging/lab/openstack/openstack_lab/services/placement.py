"""Placement: what every host has to give, and who has taken it."""

from __future__ import annotations

from openstack_lab.services.common import Service, database, ini, logging, token_check, wsgi
from openstack_lab.settings import PORTS, Settings


def placement(settings: Settings) -> Service:
    path = settings.etc / "placement.conf"
    sections: dict[str, dict[str, object]] = {
        "DEFAULT": logging(),
        "placement_database": database(settings, "placement"),
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": token_check(settings, "placement"),
    }
    return Service(
        "placement",
        {path: ini(sections)},
        (wsgi("placement", "/usr/bin/placement-api", settings.api, PORTS["placement"], {"OS_PLACEMENT_CONFIG_DIR": str(settings.etc)}),),
        ("placement",),
        (("placement-manage", "--config-file", str(path), "db", "sync"),),
    )
