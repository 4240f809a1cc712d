"""What the tests of the spec share: the example files, and loading with every file there."""

from __future__ import annotations

from pathlib import Path

from pcloud.spec.files import files_of
from pcloud.spec.loading import DeployableSpec, load
from pcloud.spec.problems import SpecError

DATA = Path(__file__).parent / "data"

SOUND = """\
deployable: shop
infrastructure: lab
assemblies:
  mysql:
    image: debian-12
    volumes: {data: {size: 5GiB, mount: /var/lib/mysql}}
    resources:
      mysqld: {agent: "systemd:mariadb", checks: [{tcp: 3306}]}
  web:
    image: debian-12
    after: [mysql]
    parameters: {DB_HOST: "${mysql.address}"}
    resources:
      apache: {agent: "systemd:apache2"}
      site: {checks: [{http: "http://${web.address}/"}], restarts: apache}
"""


def example(name: str) -> str:
    return (DATA / name).read_text()


def loaded(source: str) -> DeployableSpec:
    return load(source, path="spec.yaml", files={path: f"#!/bin/sh\n# {path}\n" for path in files_of(source)})


def mistakes(source: str) -> list[tuple[int, str]]:
    """Line and ``path: message; cure`` of everything that is wrong."""
    try:
        loaded(source)
    except SpecError as error:
        return [(problem.line, str(problem).split(": ", 1)[1]) for problem in error.problems]
    return []


def changed(old: str, new: str) -> str:
    """The sound spec with one thing changed."""
    assert SOUND.count(old) == 1, old
    return SOUND.replace(old, new)
