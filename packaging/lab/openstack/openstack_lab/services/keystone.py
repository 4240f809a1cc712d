"""Keystone: who is who. Under uwsgi, with Fernet tokens whose keys are drawn at each start."""

from __future__ import annotations

import base64
import os

from openstack_lab.services.common import Service, database, ini, logging, wsgi
from openstack_lab.settings import PORTS, REGION, Settings

FIRST_USER = "beginning"  # makes the others, and is removed


def keystone(settings: Settings) -> Service:
    path = settings.etc / "keystone.conf"
    keys = {settings.etc / kind / number: fernet_key() for kind in ("fernet-keys", "credential-keys") for number in ("0", "1")}
    return Service(
        "keystone",
        {path: ini(configuration(settings)), **keys},
        (
            wsgi(
                "keystone",
                "/usr/bin/keystone-wsgi-public",
                settings.api,
                PORTS["keystone"],
                {"OS_KEYSTONE_CONFIG_FILES": str(path), "OS_KEYSTONE_CONFIG_DIR": str(settings.etc)},
            ),
        ),
        ("keystone",),
        (("keystone-manage", "--config-file", str(path), "db_sync"),),
    )


def configuration(settings: Settings) -> dict[str, dict[str, object]]:
    return {
        "DEFAULT": logging(),
        "database": database(settings, "keystone"),
        "token": {"provider": "fernet"},
        "fernet_tokens": {"key_repository": settings.etc / "fernet-keys"},
        "fernet_receipts": {"key_repository": settings.etc / "fernet-keys"},  # of logins in several steps; it must be there
        "credential": {"key_repository": settings.etc / "credential-keys"},
        "cache": {"enabled": True, "backend": "dogpile.cache.memory"},
        "identity": {"password_hash_rounds": 4},  # bcrypt's least: the passwords are random and live for hours
    }


def fernet_key() -> str:
    """What ``keystone-manage fernet_setup`` writes, three seconds of its start saved."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def bootstrap(settings: Settings, password: str) -> tuple[str, ...]:
    """The first user, project, roles, and Keystone's own place in the catalog. The place is the same for every lab."""
    urls = (word for kind in ("public", "internal", "admin") for word in (f"--bootstrap-{kind}-url", settings.keystone))
    base = ("keystone-manage", "--config-file", str(settings.etc / "keystone.conf"), "bootstrap")
    return (*base, "--bootstrap-username", FIRST_USER, "--bootstrap-password", password, "--bootstrap-region-id", REGION, *urls)
