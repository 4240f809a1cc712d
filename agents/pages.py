"""Pages looked at from the controller, and whose certificate is believed.

Rules: a new connection for each look, since an old one proves less; no proxies and no settings of the daemon's environment. A certificate
is verified against the authorities of the system and those that Mozilla trusts, for the name in the URL; where the check pins one, its
public key alone counts, whoever signed it, until when and for which name.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
from functools import lru_cache
from typing import Any

import httpx
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pcloud.model.plan import HttpCheck
from pcloud.model.words import Verdict

_BODY_LIMIT = 1 << 20
"""Bytes of a page that are looked through; as inside the machine."""


class Pages:
    """Two HTTP clients for all checks: one verifies, the other looks at the key itself."""

    def __init__(self) -> None:
        trusting = httpx.create_ssl_context(trust_env=False)
        trusting.load_default_certs()
        self._verifying = _client(trusting)
        self._pinning = _client(_unverified())

    async def aclose(self) -> None:
        """Let go of both."""
        await self._verifying.aclose()
        await self._pinning.aclose()

    async def look(self, wanted: HttpCheck) -> tuple[Verdict, str]:
        """Whether the page is as the check wants it; the caller's timeout ends the waiting."""
        client = self._pinning if wanted.certificate else self._verifying
        try:
            async with client.stream("GET", wanted.url) as response:
                if wanted.certificate and not _shows(response, wanted.certificate):
                    return Verdict.MISSED, f"{wanted.url}: another certificate than the pinned one"
                if response.status_code != wanted.status:
                    return Verdict.MISSED, f"status {response.status_code} instead of {wanted.status}"
                if wanted.contains and not await _holds(response, wanted.contains):
                    return Verdict.MISSED, f"the answer lacks: {wanted.contains}"
        except httpx.InvalidURL as error:
            return Verdict.UNKNOWN, f"{wanted.url} is no URL: {error}"
        except httpx.HTTPError as error:
            return Verdict.MISSED, f"{wanted.url}: {str(error) or type(error).__name__}"
        return Verdict.PASSED, ""


@lru_cache(256)
def pin(certificate: str) -> str:
    """The base64 SHA-256 of a PEM certificate's public key, as ``curl --pinnedpubkey`` has it (RFC 7469). ValueError for what is none."""
    return _pin(x509.load_pem_x509_certificate(certificate.encode()))


def _pin(certificate: x509.Certificate) -> str:
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


def _client(context: ssl.SSLContext) -> httpx.AsyncClient:
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(
        verify=context,
        limits=limits,
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # noqa: S113 -- each check has its own deadline
        headers={"User-Agent": "pcloud", "Accept-Encoding": "identity"},  # what is packed may unfold to any size
    )


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _shows(response: httpx.Response, certificate: str) -> bool:
    """Whether the server has the key of that certificate; without TLS it has none."""
    stream: Any = response.extensions["network_stream"]
    connection = stream.get_extra_info("ssl_object")
    shown = connection.getpeercert(binary_form=True) if connection is not None else None
    try:
        return shown is not None and _pin(x509.load_der_x509_certificate(shown)) == pin(certificate)
    except (ValueError, UnsupportedAlgorithm):  # a key of a kind that nobody knows is not the pinned one
        return False


async def _holds(response: httpx.Response, text: str) -> bool:
    wanted = text.encode()
    end, read = b"", 0  # of what was looked through: the text may lie across two parts
    async for part in response.aiter_raw():
        if wanted in (end := end + part):
            return True
        end, read = end[len(end) - len(wanted) + 1 :] if len(end) >= len(wanted) else end, read + len(part)
        if read > _BODY_LIMIT:
            break
    return False
