"""What goes wrong at a cloud, in our own words: no, no for ever, or no clear answer.

Rules: an answer below 500 is a no, and changed nothing; a timeout, a 5xx, a broken connection or an answer that makes no sense is
ambiguous; whatever is not listed here is a bug, and is not translated.
"""

from __future__ import annotations

import math
from difflib import get_close_matches

import requests
from libcloud.common.exceptions import BaseHTTPError
from libcloud.common.types import InvalidCredsError, LibcloudError, MalformedResponseError

from pcloud.errors import AmbiguousError, HardInfrastructureError, InfrastructureError

CLOUD_ERRORS = (BaseHTTPError, LibcloudError, requests.RequestException, OSError)
"""Everything that a libcloud driver raises for the cloud's or the network's faults."""

NOT_SENT = (ConnectionRefusedError, requests.exceptions.ConnectTimeout)
"""Nobody was there to hear it."""

QUOTA_WORDS = (
    "quota", "limitexceeded", "limit exceeded", "insufficientinstancecapacity", "no valid host", "no more ip addresses",
)  # fmt: skip
"""How OpenStack and EC2 say that there is no more to be had."""

CREDENTIALS_CURE = "look at the credentials: clouds.yaml, or the infrastructure's args"


def is_absent(error: BaseException) -> bool:
    """Whether the cloud says that it knows no such thing."""
    return isinstance(error, BaseHTTPError) and error.code == 404


def busy(error: BaseException) -> bool:
    """Whether the cloud says that it has too much to do just now."""
    return isinstance(error, BaseHTTPError) and error.code in {requests.codes.too_many_requests, requests.codes.service_unavailable}


def not_taken(error: BaseException) -> bool:
    """Whether the cloud says that it did not even begin: it counts requests before it does them."""
    return isinstance(error, BaseHTTPError) and error.code == requests.codes.too_many_requests


def retry_after(error: BaseException) -> float | None:
    """Seconds for which a busy cloud asks to be left alone (Retry-After, of which libcloud has made seconds); None if it does not."""
    if not isinstance(error, BaseHTTPError) or not busy(error):
        return None
    said = next((value for name, value in (error.headers or {}).items() if name.lower() == "retry-after"), None)
    try:
        seconds = float(said) if said is not None else math.nan
    except ValueError:
        return None
    return seconds if seconds >= 0.0 and math.isfinite(seconds) else None


def translated(error: BaseException, doing: str) -> InfrastructureError:
    """Our error for one of CLOUD_ERRORS; ``doing`` begins the sentence: "lab: creating an instance"."""
    message = f"{doing}: {_text(error)}"
    if cure := getattr(error, "cure", ""):
        return InfrastructureError(message, cure)
    if isinstance(error, InvalidCredsError):
        return InfrastructureError(message, CREDENTIALS_CURE)
    if isinstance(error, BaseHTTPError):
        return _http(error.code, message)
    if isinstance(error, LibcloudError) and not isinstance(error, MalformedResponseError):
        return InfrastructureError(message)
    if isinstance(error, NOT_SENT) or any(isinstance(cause, NOT_SENT) for cause in _causes(error)):
        return InfrastructureError(message)
    return AmbiguousError(message)


def unknown_name(infrastructure: str, what: str, name: str, known: list[str]) -> HardInfrastructureError:
    """There is no image or size of that name; the cure names those that look like it."""
    near = get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)[:5]
    return HardInfrastructureError(f"{infrastructure}: there is no {what} {name!r}", f"did you mean {' or '.join(near)}?" if near else "")


def _http(code: int, message: str) -> InfrastructureError:
    if code == requests.codes.too_many_requests:
        return InfrastructureError(message)
    if any(word in message.lower() for word in QUOTA_WORDS) and code < 500:
        return HardInfrastructureError(message, "free something there, or have the quota raised")
    if code >= 500 or code == requests.codes.request_timeout:
        return AmbiguousError(message)
    if code in {requests.codes.unauthorized, requests.codes.forbidden}:
        return InfrastructureError(message, CREDENTIALS_CURE)
    return InfrastructureError(message)


def _text(error: BaseException) -> str:
    if isinstance(error, LibcloudError):
        return str(error.value)  # its own text shows the driver object
    return str(error) or type(error).__name__


def _causes(error: BaseException) -> list[BaseException]:
    """What it was raised from, and what requests wraps into its arguments."""
    found: list[BaseException] = []
    search: list[object] = [error.__cause__, error.__context__, *error.args, getattr(error, "reason", None)]
    while search:
        cause = search.pop()
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            search.extend([cause.__cause__, cause.__context__, *cause.args, getattr(cause, "reason", None)])
    return found
