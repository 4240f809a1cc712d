"""Certificates of a cloud: who has signed them, and until when they are good; with a real TLS server in the place of Keystone's."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.errors import InfrastructureError

pytestmark = pytest.mark.real

AUTH = {"username": "ann", "password": "secret", "project_name": "shop"}


def certificate(file: Path, days: int) -> Path:
    """One for 127.0.0.1 that vouches for itself, with its key, until so many days from now."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "keystone")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding, form, none = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(made.public_bytes(encoding) + key.private_bytes(encoding, form, none))
    return file


class Nothing(BaseHTTPRequestHandler):
    """Has nothing for anybody."""

    def do_POST(self) -> None:
        self.send_error(404)

    def log_message(self, *words: object) -> None:
        """Nobody reads it."""


@contextmanager
def server(shown: Path) -> Iterator[str]:
    """The address of one that shows that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown)
    made = ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    made.socket = context.wrap_socket(made.socket, server_side=True)
    threading.Thread(target=made.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{made.server_port}/v3"
    finally:
        made.shutdown()
        made.server_close()


@pytest.mark.parametrize(
    ("days", "words", "said", "cure"),
    [
        (30, {}, "shows a certificate that cannot be trusted: .*self-signed", "cacert: FILE"),
        (-1, {"cacert": "THIS"}, "shows a certificate that cannot be trusted: .*expired", "neither has expired"),
        (30, {"cacert": "THIS"}, r"there is no Keystone \(v3\)", "auth_url"),
        (-1, {"verify": False}, r"there is no Keystone \(v3\)", "auth_url"),
    ],
)
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
async def test_a_certificate_is_believed_as_far_as_it_is_told(tmp_path, monkeypatch, days, words, said, cure) -> None:
    shown = certificate(tmp_path / "shown.pem", days)
    with server(shown) as url:
        entry = {"auth": {**AUTH, "auth_url": url}, **words, **({"cacert": str(shown)} if "cacert" in words else {})}
        (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": {"rack": entry}}))
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
        made = build("lab", InfrastructureSettings(driver="openstack", cloud="rack"), controller="here", state_directory=tmp_path)
        assert isinstance(made, LibcloudInfrastructure)
        with pytest.raises(InfrastructureError, match=said) as failed:
            await asyncio.wait_for(made.count(), 30)
        made.close()
    assert cure in failed.value.cure
