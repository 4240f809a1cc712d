"""MariaDB: all tables of all services, in memory, reachable from the lab's room only."""

from __future__ import annotations

from pathlib import Path

from openstack_lab.services.common import Daemon, Service
from openstack_lab.settings import DATABASE_PORT, INSIDE, Settings


def socket(settings: Settings) -> Path:
    return settings.run / "mariadb.sock"


def mariadb(settings: Settings) -> Service:
    where = (
        "--user=root",
        f"--datadir={settings.database}",
        f"--socket={socket(settings)}",
        f"--bind-address={INSIDE}",
        f"--port={DATABASE_PORT}",
    )
    # Nothing of it survives the lab, so that nothing need be safe on disk.
    quick = ("--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--skip-log-bin", "--performance-schema=0")
    small = ("--innodb-buffer-pool-size=128M", "--max-connections=400", "--skip-name-resolve")
    return Service("mariadb", {}, (Daemon("mariadb", ("mariadbd", "--no-defaults", *where, *quick, *small)),))


def install(settings: Settings) -> tuple[str, ...]:
    where = f"--datadir={settings.database}"
    return ("mariadb-install-db", "--no-defaults", "--user=root", where, "--auth-root-authentication-method=normal", "--skip-test-db")
