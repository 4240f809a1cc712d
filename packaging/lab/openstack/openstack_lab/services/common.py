"""What the services' configurations share: how a file is written, how they reach the database, the messages and Keystone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from openstack_lab.settings import DATABASE_PORT, INSIDE, MESSAGES_PORT, REGION, Settings

Section = Mapping[str, object]
Ini = Mapping[str, Section]


@dataclass(frozen=True)
class Daemon:
    """A program that stays. ``port`` is one on which it answers HTTP once it is ready; None where it has none."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None


@dataclass(frozen=True)
class Service:
    """Files by their paths, databases, commands that fill each of them with tables (in this order), daemons."""

    name: str
    files: Mapping[Path, str]
    daemons: tuple[Daemon, ...]
    databases: tuple[str, ...] = ()
    schema: tuple[tuple[str, ...], ...] = ()


def ini(sections: Ini) -> str:
    """An oslo.config file. True and False as they are wanted there; a list is a value on several lines."""
    return "\n".join(f"[{name}]\n" + "".join(_line(key, value) for key, value in section.items()) for name, section in sections.items())


def _line(key: str, value: object) -> str:
    words = [str(word) for word in value] if isinstance(value, list | tuple) else [str(value)]
    if any("\n" in word for word in words):
        raise ValueError(f"{key}: a value of several lines")
    return "".join(f"{key} = {word}".rstrip() + "\n" for word in words)


def program(settings: Settings, name: str) -> Path:
    return settings.home / "bin" / name


def console_script(module: str) -> str:
    """The program that Debian's package of the daemon would bring, along with units and hypervisors that the lab has no use for."""
    return f"#!/usr/bin/python3\nimport sys\n\nfrom {module} import main\n\nif __name__ == '__main__':\n    sys.exit(main())\n"


def database(settings: Settings, name: str) -> dict[str, object]:
    return {
        "connection": f"mysql+pymysql://lab:{settings.secrets.database}@{INSIDE}:{DATABASE_PORT}/{name}?charset=utf8",
        "max_pool_size": 10,  # each daemon has a pool of its own, and there are many
    }


# A service may be read in while RabbitMQ still starts, and then tries once a second, not ever more seldom.
RETRY: dict[str, object] = {"rabbit_retry_interval": 1, "rabbit_retry_backoff": 0, "rabbit_interval_max": 1}


def messages(settings: Settings) -> str:
    return f"rabbit://lab:{settings.secrets.messages}@{INSIDE}:{MESSAGES_PORT}/"


def credentials(settings: Settings, user: str) -> dict[str, object]:
    """How a service asks another one in its own name."""
    return {
        "auth_type": "password",
        "auth_url": settings.url("keystone"),
        "project_domain_name": "Default",
        "user_domain_name": "Default",
        "project_name": "service",
        "username": user,
        "password": settings.secrets.service,
        "region_name": REGION,
    }


def token_check(settings: Settings, user: str) -> dict[str, object]:
    """How a service checks the tokens that it is shown."""
    return {
        **credentials(settings, user),
        "www_authenticate_uri": settings.url("keystone"),
        "memcache_security_strategy": "None",
        "service_token_roles": "service",
        "service_token_roles_required": True,
    }


def logging() -> dict[str, object]:
    """To standard error, which is the daemon's one log; the libraries' chatter left out."""
    return {"use_stderr": True, "log_options": False}


def wsgi(name: str, script: str, address: str, port: int, env: Mapping[str, str]) -> Daemon:
    """uwsgi with one process: a second one would only cost another start."""
    options = ("--master", "--lazy-apps", "--need-app", "--die-on-term", "--no-orphans", "--enable-threads", "--disable-logging")
    numbers = ("--processes", "1", "--threads", "8", "--buffer-size", "65535", "--rem-header", "Content-Length")
    argv = ("uwsgi_python3", "--plugins", "python3", "--http-socket", f"{address}:{port}", "--wsgi-file", script, *options, *numbers)
    return Daemon(name, argv, env, port)
