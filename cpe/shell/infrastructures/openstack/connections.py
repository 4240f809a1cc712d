"""Connections to the services of an OpenStack, with the token of one shared login.

Rules: a token that is refused is renewed once, and what was asked is asked again, for a refusal changes nothing; a second refusal is the
account's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import requests
from libcloud.common.base import Connection
from libcloud.common.exceptions import BaseHTTPError
from libcloud.common.types import InvalidCredsError

from cpe.shell.infrastructures.openstack.identity import Identity, Service, Token
from cpe.shell.infrastructures.openstack.sending import FileBody
from cpe.shell.infrastructures.openstack.words import SOCKET_TIMEOUT, Answer, LoginError, certificate_cure, certified, reason


class ServiceConnection(Connection):  # type: ignore[misc]  # libcloud's types are not followed, see pyproject.toml
    """What libcloud's driver calls ``connection``, ``network_connection`` and so on. For one thread."""

    responseCls = Answer  # noqa: N815 - libcloud's own name

    def __init__(self, identity: Identity, service: Service) -> None:
        super().__init__(timeout=SOCKET_TIMEOUT)
        self._identity = identity
        self.service = service
        self._token: Token | None = None
        self._address = ""

    @property
    def token(self) -> Token:
        """One that is good; this connection then goes where it says."""
        token = self._identity.token()
        if token is not self._token:
            address = token.address(self.service)
            if address != self._address or self._token is None or token.account != self._token.account:
                self.host, self.port, self.secure, self.request_path = self._tuple_from_url(address)
                self.conn_class = certified(token.account)
                self.connect()
            self._token, self._address = token, address
        return token

    def get_service_name(self) -> str:
        """As libcloud asks it."""
        return self.service.name

    def get_service_catalog(self) -> None:
        """As libcloud asks it, to see whether there is the service; LoginError."""
        self.token.address(self.service)

    def encode_data(self, data: Any) -> str | FileBody:
        """JSON; a file goes as it is."""
        return data if isinstance(data, FileBody) else json.dumps(data)

    def request(
        self,
        action: str,
        params: Mapping[str, Any] | None = None,
        data: Any = "",
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        **named: Any,
    ) -> Any:
        """The service's answer. Raises what libcloud raises, InvalidCredsError and LoginError."""
        for last in (False, True):
            token = self.token
            given = {**(headers or {}), "X-Auth-Token": token.value, "Accept": "application/json"}
            if isinstance(data, FileBody):
                data.rewind()
                given["Content-Type"] = "application/octet-stream"
            elif data:
                given["Content-Type"] = "application/json"
            try:
                return super().request(action, params=params, data=data, headers=given, method=method, **named)
            except requests.exceptions.SSLError as error:
                said = f"{self._address} shows a certificate that cannot be trusted: {reason(error)}"
                raise LoginError(said, certificate_cure(token.account)) from error
            except BaseHTTPError as error:
                if error.code != requests.codes.unauthorized:
                    raise
                self._identity.give_up(token.value)
                if last:
                    raise InvalidCredsError(f"{token.account.source}: {self.service.name} refuses {token.account.who}: {error}") from error
        raise AssertionError("unreachable")
