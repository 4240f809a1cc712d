"""How the embedded cloud says no: with HTTP's status codes, as the clouds do that are reached over HTTP."""

from __future__ import annotations

from libcloud.common.exceptions import BaseHTTPError


class LocalCloudError(BaseHTTPError):  # type: ignore[misc]  # libcloud's types are not followed, see pyproject.toml
    """The root of them. ``code`` is an HTTP status."""


class NoSuchThingError(LocalCloudError):
    """404: no machine, volume, image or size of that id."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(404, f"no {what} {name}")


class ConflictError(LocalCloudError):
    """409: understood, and impossible as things stand."""

    def __init__(self, message: str) -> None:
        super().__init__(409, message)


class UnavailableError(LocalCloudError):
    """503: it should have worked, and may have worked in part."""

    def __init__(self, message: str) -> None:
        super().__init__(503, message)
