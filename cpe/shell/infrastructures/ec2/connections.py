"""Connections to EC2: how requests are signed and sent, and how answers and refusals are read.

Rules: everything is sent in the body of a POST, since user data are too long for an address; a refusal's own code decides what it means,
for EC2 answers HTTP 400 to almost everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from libcloud.common.exceptions import BaseHTTPError
from libcloud.common.types import LibcloudError, MalformedResponseError
from libcloud.compute.drivers.ec2 import NAMESPACE, EC2Connection, EC2Response
from libcloud.utils.py3 import ET

from pcloud.errors import RefusedError

SOCKET_TIMEOUT = 30.0
"""Seconds for a connection, and for each pause in an answer: below the 60 of a whole call (``Calls``)."""

LONGEST = 500
"""Characters of a refusal: those of permissions have kilobytes of ciphertext, a web server in front has a page."""

LOGINS = {
    "AuthFailure",
    "ExpiredToken",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "OptInRequired",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
}
THROTTLED = {"RequestLimitExceeded", "Throttling", "ThrottlingException", "EC2ThrottledException"}
"""Said before anything is begun, with HTTP 503."""

NO_CAPACITY = re.compile("Insufficient.*Capacity|InsufficientAddressCapacity")
"""A clear no, said with HTTP 500."""

NOT_THERE = re.compile(r".*(\.NotFound|\.Malformed|\.Unknown)|InvalidInstanceID|InvalidVolumeID")

_XMLNS = re.compile(r'\sxmlns="[^"]*"')


class EC2Error(BaseHTTPError):  # type: ignore[misc]  # libcloud's types are not followed, see pyproject.toml
    """A refusal; ``reason`` is EC2's own code for it."""

    def __init__(self, code: int, message: str, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code, message, headers)
        self.reason = reason


class LoginError(LibcloudError):  # type: ignore[misc]
    """The keys are refused, or may not do this. ``cure`` says what would help."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


class Answer(EC2Response):  # type: ignore[misc]
    """XML. What speaks EC2's API without being EC2 has other namespaces than libcloud's, which would then see empty lists."""

    body: Any

    def parse_body(self) -> Any:
        return rooted(self.body)

    def parse_error(self) -> str:
        status = int(self.status)
        reason, message = _refusal(self.body)
        said = f"{message[:LONGEST] or 'no reason given'} ({reason + ', ' if reason else ''}HTTP {status})"
        keys = self.connection.driver.account.keys().source
        if reason in LOGINS:
            raise LoginError(
                f"{keys}: refused: {said}", "see that the keys there are whole, not revoked, and that this machine's clock is right"
            )
        if reason == "UnauthorizedOperation" or status == 403:
            raise LoginError(f"{keys}: not allowed: {said}", "allow it to the keys' user (docs/ec2.md lists what is needed)")
        raise EC2Error(_meaning(status, reason), said, reason, self.headers)


def rooted(body: Any) -> Any:
    """The root element of an answer; MalformedResponseError."""
    try:
        return ET.XML(_XMLNS.sub(f' xmlns="{NAMESPACE}"', body, count=1))
    except Exception as error:  # whatever parser libcloud has found here raises errors of its own
        raise MalformedResponseError(f"no XML, but {str(body)[:80]!r}", "") from error


def _refusal(body: Any) -> tuple[str, str]:
    """EC2's code and its sentence."""
    text = body if isinstance(body, str) else str(body or "")
    try:
        root = ET.XML(text)
    except Exception:  # noqa: BLE001 - whatever parser libcloud has found here raises errors of its own
        return "", " ".join(text.split())
    found = {str(each.tag).rpartition("}")[2]: " ".join((each.text or "").split()) for each in root.iter()}
    return found.get("Code", ""), found.get("Message") or " ".join(text.split())


def _meaning(status: int, reason: str) -> int:
    """The HTTP status that says what this refusal means."""
    if NOT_THERE.fullmatch(reason):
        return 404
    if reason in THROTTLED:
        return 429
    if NO_CAPACITY.fullmatch(reason):
        return 409
    return status


class Connection(EC2Connection):  # type: ignore[misc]
    """For one thread; the driver knows the account, whose keys may change."""

    responseCls = Answer  # noqa: N815 - libcloud's own name

    def request(self, action: str, params: Mapping[str, Any] | None = None, **named: Any) -> Any:
        try:
            keys = self.driver.account.keys()
        except RefusedError as error:  # since the daemon started
            raise LoginError(str(error), error.cure) from error
        self.signer.access_key, self.signer.access_secret, self.token = keys.key, keys.secret, keys.token or None
        body = urlencode({**(params or {}), "Version": self.version})
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        return super().request(action, data=body, headers=headers, method="POST", **named)
