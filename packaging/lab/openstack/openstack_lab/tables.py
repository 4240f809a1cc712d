"""The empty tables of all services. Made once by the services' own programs, then kept as an image of the database's files.

The image holds what is the same for every lab of the same packages: tables, Nova's cell mappings (templates), Keystone's first user, whose
password is the image's own and is replaced at every start. Making it costs some twenty seconds of both cores; copying it, none.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from openstack_lab import packages
from openstack_lab.commands import run
from openstack_lab.services.common import Service
from openstack_lab.services.keystone import bootstrap
from openstack_lab.services.mariadb import socket
from openstack_lab.settings import INSIDE, Settings, write_private

KEPT = 3  # images: with and without Heat or Cinder, 150 MB each
FORM = "1"  # raised when what an image holds is made in another way


@dataclass(frozen=True)
class Image:
    """One kept image; ``password`` is that of Keystone's first user in it."""

    place: Path

    @property
    def files(self) -> Path:
        return self.place / "files"

    @property
    def password(self) -> str:
        return (self.place / "password").read_text()

    def exists(self) -> bool:
        return self.files.is_dir()


def image(settings: Settings, versions: dict[str, str]) -> Image:
    """The same for both sizes: hypervisors have no tables."""
    names = packages.wanted(replace(settings, size="fake"))
    return Image(settings.cache / f"database-{key(names, versions)}")


def key(names: list[str], versions: dict[str, str]) -> str:
    """Another one whenever a package might make other tables: the wanted ones and the libraries of the same sources."""
    stems = {name.removeprefix("python3-").split("-")[0] for name in names}
    meant = {name: version for name, version in versions.items() if name.removeprefix("python3-").split("-")[0] in stems}
    return hashlib.sha256(json.dumps([FORM, sorted(names), sorted(meant.items())]).encode()).hexdigest()[:16]


def copy(kept: Image, settings: Settings) -> None:
    run("cp", "--archive", f"{kept.files}/.", str(settings.database))


def open_to_services(settings: Settings, databases: list[str]) -> None:
    """This lab's password for the services' one account; empty databases where there are none yet."""
    account = f"'lab'@'{INSIDE}' identified by '{settings.secrets.database}'"
    lines = [f"create database if not exists {name} character set utf8;" for name in databases]
    sql(settings, "\n".join([*lines, f"create or replace user {account};", f"grant all on *.* to 'lab'@'{INSIDE}';"]))


def sql(settings: Settings, text: str) -> str:
    return run("mariadb", "--no-defaults", "--batch", "--skip-column-names", "--socket", str(socket(settings)), stdin=text, timeout=60)


def make(settings: Settings, service: Service) -> None:
    """The commands of one service, one after another."""
    for number, command in enumerate(service.schema, 1):
        run(*command, log=settings.logs / f"tables-{service.name}-{number}.log")


def first_user(settings: Settings) -> str:
    """Keystone's own beginning; the password that it was given."""
    password = secrets.token_hex(16)
    run(*bootstrap(settings, password), log=settings.logs / "bootstrap.log")
    return password


def keep(kept: Image, settings: Settings, password: str) -> None:
    """From the files of a database that has ended; the oldest images are removed. Whole or not at all."""
    new = kept.place.with_name("database.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True, mode=0o700)
    write_private(new / "password", password)
    run("cp", "--archive", str(settings.database), str(new / "files"))
    new.rename(kept.place)
    for old in sorted(settings.cache.glob("database-*"), key=lambda place: place.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old)
