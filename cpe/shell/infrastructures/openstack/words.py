"""What the services' answers and refusals look like, and how their connections are checked: what all connections to an OpenStack share."""

from __future__ import annotations

import json
from typing import Any

import requests
from libcloud.common.base import Response
from libcloud.common.types import LibcloudError, MalformedResponseError
from libcloud.http import LibcloudConnection

from cpe.shell.infrastructures.openstack.account import Account

SOCKET_TIMEOUT = 30.0
"""Seconds for a connection, and for each pause in an answer: below the 60 of a whole call (``Calls``)."""

LONGEST = 500
"""Characters of a refusal that is no JSON: a page of a web server that stands in front."""


class LoginError(LibcloudError):  # type: ignore[misc]  # libcloud's types are not followed, see pyproject.toml
    """Nothing was asked yet: the login failed, or the cloud has no such service. ``cure`` says what would help."""

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure


class Answer(Response):  # type: ignore[misc]
    """JSON, or nothing. What a service refuses is told in its own sentence."""

    def success(self) -> bool:
        return 200 <= int(self.status) < 300

    def parse_body(self) -> Any:
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise MalformedResponseError(f"no JSON, but {str(self.body)[:80]!r}", "") from error

    def parse_error(self) -> str:
        text = self.body if isinstance(self.body, str) else str(self.body or "")
        try:
            said = sentence(json.loads(text))
        except ValueError:
            said = ""
        return f"{said or ' '.join(text.split())[:LONGEST] or 'no reason given'} (HTTP {self.status})"


def sentence(body: object) -> str:
    """What a refusal says: each service wraps its sentence in another word."""
    if not isinstance(body, dict):
        return ""
    inner = next((each for each in body.values() if isinstance(each, dict) and "message" in each), body)
    return " ".join(str(inner.get("message", "")).split())


def certified(account: Account) -> type[LibcloudConnection]:
    """The connections of an account: libcloud itself has one CA file for all clouds of a process."""

    class Certified(LibcloudConnection):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.verify = account.verify
            self.ca_cert = None
            if account.certificate is not None:
                self.session.cert = account.certificate

    return Certified


def told(account: Account, error: BaseException) -> LoginError:
    """That Keystone cannot be talked to, and what would help."""
    if isinstance(error, requests.exceptions.SSLError):
        return LoginError(f"{account.auth_url} shows a certificate that cannot be trusted: {reason(error)}", certificate_cure(account))
    return LoginError(f"Keystone at {account.auth_url} does not answer: {reason(error)}", "look at auth_url, and whether it can be reached")


def certificate_cure(account: Account) -> str:
    """What helps where a certificate is refused."""
    if isinstance(account.verify, str):
        return f"see that {account.verify} (cacert) holds the CA that signed it, and that neither has expired"
    return "write cacert: FILE with the CA that signed it into the cloud's entry, or have it renewed where it has expired"


def reason(error: BaseException) -> str:
    """The innermost cause of what requests wraps in sentences about pools."""
    inner: object = error
    while True:
        nested = next(
            (each for each in (*getattr(inner, "args", ()), getattr(inner, "reason", None)) if isinstance(each, BaseException)), None
        )
        if nested is None:
            return str(inner).split("(_ssl.c")[0].strip() or type(inner).__name__
        inner = nested
