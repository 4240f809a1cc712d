"""Who asks an OpenStack, and where: one entry of clouds.yaml, or the ``OS_*`` variables, once it makes sense.

Rules: everything that can be seen to be wrong without asking the cloud is a RefusedError that names the entry and the key; secrets are
never in what is printed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pcloud.errors import RefusedError
from pcloud.spec.problems import did_you_mean
from pcloud.spec.units import shown

Words = Mapping[str, object]
"""What stands in a mapping of clouds.yaml."""

INTERFACES = ("public", "internal", "admin")
PASSWORD = ("password", "v3password")
CREDENTIAL = ("v3applicationcredential",)
AUTH = (
    "auth_url",
    "username",
    "user_id",
    "password",
    "project_name",
    "project_id",
    "user_domain_name",
    "user_domain_id",
    "project_domain_name",
    "project_domain_id",
    "domain_name",
    "domain_id",
    "default_domain",
    "application_credential_id",
    "application_credential_name",
    "application_credential_secret",
)
"""What ``auth`` may hold; other ways to log in than by password and by application credential are not spoken here."""
OVERRIDE = "_endpoint_override"
"""Ends the keys that say where a service answers, in the place of the catalog."""
OLD_NAMES = {"tenant_name": "project_name", "tenant_id": "project_id", "user_name": "username"}
DEFAULT_DOMAIN = "default"
"""The id of the domain that every Keystone begins with; who names no domain means it, as OpenStack's own client does."""


@dataclass(frozen=True, slots=True)
class Account:
    """One login. ``source`` says for people where it stands, ``who`` who logs in; ``verify`` is False, True, or the path of a CA file."""

    source: str
    auth_url: str
    who: str
    body: Mapping[str, object] = field(repr=False)
    region: str = ""
    interface: str = "public"
    verify: bool | str = True
    certificate: tuple[str, str] | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)


def as_told(key: str) -> str:
    """A key as it may be printed: where a colon or a space is lost, what should stand behind it, a password say, is a part of it."""
    told = re.split(r"\W", key, maxsplit=1)[0]
    for secret in ("password", "secret"):
        before, found, _ = told.partition(secret)
        told = before + found
    return told if told == key else f"{told}…"


class Entry:
    """Reads one entry. ``source`` begins every error."""

    def __init__(self, source: str, words: Words) -> None:
        self._source = source
        self._words = words
        self._auth = self._auth_words()

    def account(self, region: str = "") -> Account:
        """What it comes to; ``region`` wins over the entry's own. RefusedError."""
        who, body = self._login()
        return Account(
            source=self._source,
            auth_url=self._keystone(),
            who=who,
            body=body,
            region=region or self._region(),
            interface=self._interface(),
            verify=self._verify(),
            certificate=self._certificate(),
            endpoints={str(key).removesuffix(OVERRIDE): str(url) for key, url in self._words.items() if str(key).endswith(OVERRIDE)},
        )

    def _auth_words(self) -> dict[str, str]:
        auth = self._words.get("auth", {})
        if not isinstance(auth, Mapping):
            raise self._refused("auth is no mapping", "write auth_url and the login below it")
        beside = {key: value for key, value in self._words.items() if key in AUTH or key in OLD_NAMES}
        found: dict[str, str] = {}
        for key, value in {**beside, **auth}.items():
            name = OLD_NAMES.get(str(key), str(key))
            if name not in AUTH:
                told = as_told(str(key))
                raise self._refused(f'unknown key "auth.{told}"', did_you_mean(told, AUTH, "known keys"))
            if value is not None and not isinstance(value, str):
                what = "it" if name.endswith(("password", "secret")) else shown(value)
                raise self._refused(f"auth.{key}: {what} is not text", "put it in quotes")
            found[name] = (value or "").strip() if name != "password" else (value or "")
        return found

    def _keystone(self) -> str:
        url = self._auth.get("auth_url", "")
        if not url.startswith(("http://", "https://")):
            said = f"auth_url {url!r} is no address" if url else "auth.auth_url is missing"
            raise self._refused(said, "write Keystone's address, as in https://cloud.example.org:5000/v3")
        return url.rstrip("/").removesuffix("/v3").removesuffix("/v2.0")

    def _login(self) -> tuple[str, dict[str, object]]:
        kind = str(self._words.get("auth_type") or ("v3applicationcredential" if self._credential() else "password"))
        if kind in CREDENTIAL:
            return self._by_credential()
        if kind in PASSWORD:
            return self._by_password()
        raise self._refused(f"auth_type {kind!r} is not spoken here", f"use {' or '.join((PASSWORD[0], *CREDENTIAL))}")

    def _credential(self) -> bool:
        return any(self._auth.get(f"application_credential_{key}") for key in ("id", "name"))

    def _by_credential(self) -> tuple[str, dict[str, object]]:
        secret = self._expect("application_credential_secret")
        identity = self._auth.get("application_credential_id", "")
        if identity:
            credential: dict[str, object] = {"id": identity, "secret": secret}
        else:
            name = self._expect("application_credential_name")
            credential = {"name": name, "secret": secret, "user": self._user()}
        who = f"the application credential {identity or self._auth['application_credential_name']}"
        return who, {"identity": {"methods": ["application_credential"], "application_credential": credential}}

    def _by_password(self) -> tuple[str, dict[str, object]]:
        user = {**self._user(), "password": self._expect("password")}
        project = self._named("project")
        if project is None:
            raise self._refused("no project is named", "write auth.project_name, or auth.project_id")
        login: dict[str, object] = {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": project}}
        return f"the user {user.get('name') or user['id']} of the project {project.get('name') or project['id']}", login

    def _user(self) -> dict[str, object]:
        user = self._named("user")
        if user is None:
            raise self._refused("no user is named", "write auth.username, or auth.user_id")
        return user

    def _named(self, what: Literal["user", "project"]) -> dict[str, object] | None:
        """As Keystone wants a user or a project: by its id, or by its name in a domain."""
        if identity := self._auth.get(f"{what}_id"):
            return {"id": identity}
        name = self._auth.get("username" if what == "user" else "project_name")
        if not name:
            return None
        for kind in ("id", "name"):
            if domain := self._auth.get(f"{what}_domain_{kind}") or self._auth.get(f"domain_{kind}"):
                return {"name": name, "domain": {kind: domain}}
        return {"name": name, "domain": {"id": self._auth.get("default_domain") or DEFAULT_DOMAIN}}

    def _region(self) -> str:
        if region := self._words.get("region_name"):
            return str(region)
        regions = self._words.get("regions")
        names = [str(each.get("name", "") if isinstance(each, Mapping) else each) for each in regions] if isinstance(regions, list) else []
        if len(names) > 1:
            raise self._refused("it has several regions, and none is chosen", f"write args.region: {' or '.join(names)}")
        return names[0] if names else ""

    def _interface(self) -> str:
        interface = str(self._words.get("interface") or self._words.get("endpoint_type") or "public").removesuffix("URL")
        if interface not in INTERFACES:
            raise self._refused(f"interface {interface!r} does not exist", did_you_mean(interface, INTERFACES, "interfaces"))
        return interface

    def _verify(self) -> bool | str:
        if self._words.get("verify") in (False, "false", "False") or self._words.get("insecure") in (True, "true", "True"):
            return False
        return self._file("cacert") or True

    def _certificate(self) -> tuple[str, str] | None:
        certificate, key = self._file("cert"), self._file("key")
        return (certificate, key or certificate) if certificate else None

    def _file(self, key: str) -> str:
        """The path that stands there, once it is seen that it can be read; "" where none does."""
        written = self._words.get(key)
        if not written:
            return ""
        path = Path(str(written)).expanduser()
        try:
            with path.open("rb"):
                return str(path)
        except OSError as error:
            raise self._refused(f"{key} {path} cannot be read: {error.strerror}", "name a file that the daemon may read") from error

    def _expect(self, key: str) -> str:
        if not self._auth.get(key):
            raise self._refused(f"auth.{key} is missing", f"write it there, or in secure.yaml beside it: auth: {{{key}: …}}")
        return self._auth[key]

    def _refused(self, message: str, cure: str) -> RefusedError:
        return RefusedError(f"{self._source}: {message}", cure)
