"""What the demo needs of this machine, and which Debian package brings it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pcloud.errors import RefusedError

PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # where an ordinary user's PATH does not look for daemons

PROGRAMS = {
    "sshd": "openssh-server",
    "mariadbd": "mariadb-server-core",
    "mariadb-install-db": "mariadb-server-core",
    "mariadb-admin": "mariadb-client",
    "php": "php-cli",
}
FILES = {
    "/usr/share/wordpress/wp-settings.php": "wordpress",
    "/usr/lib/php/*/mysqli.so": "php-mysql",
    "/usr/share/wordpress/wp-content/themes/*/style.css": "wordpress-theme-twentytwentythree",
}


def missing() -> list[str]:
    """The packages that are missing, sorted."""
    packages = {package for program, package in PROGRAMS.items() if shutil.which(program, path=PATH) is None}
    packages |= {package for pattern, package in FILES.items() if not any(found(pattern))}
    return sorted(packages)


def found(pattern: str) -> list[Path]:
    """The files of an absolute pattern."""
    return list(Path("/").glob(pattern.lstrip("/")))


def check() -> None:
    """RefusedError with the command that would help, if anything is missing."""
    packages = missing()
    if packages:
        raise RefusedError(
            f"the demo needs {', '.join(packages)}", f"as root: apt-get install --no-install-recommends {' '.join(packages)}"
        )
