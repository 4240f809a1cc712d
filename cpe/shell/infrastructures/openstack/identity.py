"""The login at Keystone, shared by all threads of an infrastructure: a token, renewed before it expires and once after it was refused.

Rules: the account is read anew at every login, so that a new password is taken up without a restart; a refused token is given up by its
value, so that of many threads that meet the refusal one logs in; a login that fails has changed nothing.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from libcloud.common.base import Connection
from libcloud.common.exceptions import BaseHTTPError
from libcloud.common.types import InvalidCredsError, MalformedResponseError

from cpe.shell.infrastructures.openstack.account import Account
from cpe.shell.infrastructures.openstack.words import SOCKET_TIMEOUT, Answer, LoginError, certified, told

EARLY = 60.0
"""Seconds before its end at which a token is renewed: more than a call takes. Of a short-lived one a tenth of its life."""

Catalog = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Service:
    """One of the cloud's services. ``types`` are what catalogs call it; ``version`` is the path that its addresses end with."""

    name: str
    types: tuple[str, ...]
    version: str


COMPUTE = Service("compute", ("compute",), "/v2.1")
IMAGE = Service("image", ("image",), "")
NETWORK = Service("network", ("network",), "")
VOLUME = Service("volume", ("volumev3", "block-storage", "volume", "block-store"), "/v3")
NO_KEYSTONE = {requests.codes.multiple_choices, requests.codes.not_found, requests.codes.method_not_allowed}
"""What other web servers, and other services of an OpenStack, answer to a login."""
VERSIONED = {"/v2", "/v2.0", "/v2.1", "/v3"}


@dataclass(frozen=True, slots=True)
class Token:
    """What a login gave. ``value`` is never printed."""

    value: str
    until: datetime
    user: str
    project: str
    catalog: Catalog
    account: Account

    def __repr__(self) -> str:
        return f"Token(user={self.user!r}, project={self.project!r}, until={self.until})"

    def address(self, service: Service) -> str:
        """Where a service answers, without its version where it is asked with one. LoginError where the catalog has none."""
        account = self.account
        for name in (service.name, *service.types):
            if named := account.endpoints.get(name.replace("-", "_")):
                return versioned(named, service)
        found = {str(each["region"]): str(each["url"]) for each in self._offered(service)}
        if account.region in found or (not account.region and len(found) == 1):
            return versioned(found.get(account.region) or next(iter(found.values())), service)
        where = f" in the region {account.region}" if account.region else ""
        if not found:
            offered = ", ".join(sorted({str(each.get("type")) for each in self.catalog}))
            raise LoginError(f"the cloud has no {account.interface} {service.name} service", f"its catalog has {offered or 'nothing'}")
        several = "it has several regions, and none is chosen" if not where else f"it has no {service.name} service{where}"
        raise LoginError(f"{account.source}: {several}", f"write region_name, or args.region: {' or '.join(sorted(found))}")

    def _offered(self, service: Service) -> Iterator[Mapping[str, Any]]:
        """Its addresses of the right interface; a catalog that has it by several names means one service."""
        entries = {str(each.get("type")): each for each in reversed(self.catalog)}
        kind = next((each for each in service.types if each in entries), None)
        if kind is not None:
            yield from (each for each in entries[kind].get("endpoints", ()) if each.get("interface") == self.account.interface)


def versioned(url: str, service: Service) -> str:
    """The address with the version that is spoken here: some catalogs have it, some have none, some another one's."""
    path = urlsplit(url).path
    found = next((f"/{part}" for part in path.split("/") if f"/{part}" in VERSIONED), "")
    if not service.version:
        return url.rstrip("/").removesuffix(found) if found else url.rstrip("/")
    return url.rstrip("/") if found else url.rstrip("/") + service.version


class KeystoneConnection(Connection):  # type: ignore[misc]  # libcloud's types are not followed, see pyproject.toml
    """To Keystone, before there is a token."""

    responseCls = Answer  # noqa: N815 - libcloud's own name

    def __init__(self, account: Account) -> None:
        super().__init__(url=account.auth_url, timeout=SOCKET_TIMEOUT)
        self.conn_class = certified(account)

    def add_default_headers(self, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, "Accept": "application/json", "Content-Type": "application/json"}


class Identity:
    """Logs in as ``read`` says. One for all threads."""

    def __init__(self, read: Callable[[], Account]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._renew_at = datetime.min.replace(tzinfo=UTC)

    def token(self) -> Token:
        """One that is good for a call. Raises what a login raises."""
        with self._lock:
            if self._token is None or datetime.now(UTC) >= self._renew_at:
                self._token = self._login()
            return self._token

    def give_up(self, token: str) -> None:
        """The cloud does not take this one any more."""
        with self._lock:
            if self._token is not None and self._token.value == token:
                self._token = None

    def _login(self) -> Token:
        account, now = self._read(), datetime.now(UTC)
        try:
            answer = KeystoneConnection(account).request("/v3/auth/tokens", data=json.dumps({"auth": account.body}), method="POST")
        except BaseHTTPError as error:
            raise refused(account, error) from error
        except (OSError, requests.RequestException) as error:
            raise told(account, error) from error
        try:
            token = answer.object["token"]
            until = datetime.fromisoformat(token["expires_at"])
            self._renew_at = until - min(timedelta(seconds=EARLY), (until - now) / 10)
            project = token.get("project", {}).get("id", "")
            return Token(answer.headers["x-subject-token"], until, token["user"]["id"], project, token.get("catalog", ()), account)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise MalformedResponseError(f"Keystone at {account.auth_url} gives no token that can be read", "") from error


def refused(account: Account, error: BaseHTTPError) -> Exception:
    """What Keystone's no means."""
    gone = error.code == requests.codes.not_found and "Could not find" in str(error)  # an application credential that was deleted
    if gone or error.code == requests.codes.unauthorized:
        said = f"{account.source}: Keystone at {account.auth_url} refuses {account.who}: unknown, disabled, expired, or the wrong password"
        return InvalidCredsError(said)  # type: ignore[no-any-return]
    if error.code in NO_KEYSTONE:
        return LoginError(f"there is no Keystone (v3) at {account.auth_url}", "look at auth_url")
    return LoginError(f"Keystone at {account.auth_url} gives no token: {error}")
