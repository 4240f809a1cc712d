"""Debian packages: what is missing is installed, and no daemon is started by it, now or at the next boot.

What is installed are the services' libraries and defaults, not the packages of their daemons: those bring units, hypervisors and questions
that the lab has no use for, and a hundred packages more.
"""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
from collections.abc import Callable
from pathlib import Path

from openstack_lab import policy_rc
from openstack_lab.commands import network_settings, run
from openstack_lab.errors import LabError
from openstack_lab.settings import Settings

BASE = (
    "glance-common iproute2 iptables mariadb-client-core mariadb-server-core neutron-common nova-common"
    " python3-keystone python3-placement rabbitmq-server uwsgi-plugin-python3"
)
CINDER = "cinder-common qemu-utils sudo"
HEAT = "heat-common"
FULL = "genisoimage libvirt-daemon-system mmdebstrap openssh-client python3-libvirt qemu-system-x86 qemu-utils"

LOCK_PATIENCE = 600  # seconds that apt waits for another one's lock
INSTALL_TIMEOUT = 3600.0  # seconds; a bare machine behind a slow line


def wanted(settings: Settings) -> list[str]:
    lists = [BASE, *([CINDER] if settings.cinder else []), *([HEAT] if settings.heat else []), *([FULL] if settings.size == "full" else [])]
    return sorted({name for names in lists for name in names.split()})


def installed(status: str) -> dict[str, str]:
    """Versions by names, from dpkg-query's "status version name" lines."""
    rows = (line.split() for line in status.splitlines())
    return {row[2]: row[1] for row in rows if len(row) == 3 and row[0] == "ii"}


def versions() -> dict[str, str]:
    return installed(run("dpkg-query", "--show", "--showformat", "${db:Status-Abbrev} ${Version} ${Package}\n"))


def missing(settings: Settings) -> list[str]:
    there = versions()
    return [name for name in wanted(settings) if name not in there]


def install(names: list[str], log: Path, say: Callable[[str], None]) -> None:
    """Waits for other users of dpkg; leaves policy-rc.d and the list of enabled units as they were."""
    with Path("/run/pcloud-setup.lock").open("w") as lock:  # packaging/setup takes the same: one must not take the other's policy-rc.d away
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = enabled_units()
        policy_rc.forbid()
        try:
            with contextlib.suppress(LabError):  # another one may be at it just now; apt says what cannot be helped
                run("dpkg", "--force-confold", "--configure", "-a", log=log)  # what a killed one left
            try:
                _apt(log, "update")
            except LabError:
                say("          apt-get update failed; trying with the lists that are there")
            _apt(log, "install", "--no-install-recommends", *names)
        finally:
            disable(enabled_units() - before)
            policy_rc.allow()


def _apt(log: Path, *words: str) -> None:
    options = (f"DPkg::Lock::Timeout={LOCK_PATIENCE}", "Dpkg::Use-Pty=0", "Acquire::Retries=3", "Dpkg::Options::=--force-unsafe-io")
    conffiles = ("Dpkg::Options::=--force-confdef", "Dpkg::Options::=--force-confold")
    flags = [word for option in (*options, *conffiles) for word in ("-o", option)]
    run(*policy_rc.guarded(["apt-get", "-q", "-y", *flags, *words]), log=log, env=network_settings(), timeout=INSTALL_TIMEOUT)


def enabled_units() -> set[str]:
    """Empty where there is no systemd."""
    try:
        asked = subprocess.run(
            ("systemctl", "list-unit-files", "--no-legend", "--state=enabled"), capture_output=True, text=True, timeout=60, check=False
        )
    except FileNotFoundError:
        return set()
    return {line.split()[0] for line in asked.stdout.splitlines() if line.strip()}


def disable(units: set[str]) -> None:
    if units:
        run("systemctl", "--quiet", "disable", *sorted(units))
