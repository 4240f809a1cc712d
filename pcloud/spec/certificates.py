"""Whether a text is a certificate. Rules: pure; what judges it is loaded only where a spec names one."""

from __future__ import annotations


def is_certificate(text: str) -> bool:
    """Whether it holds a PEM certificate that can be read; of several the first counts."""
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415 - slow to load, and the command line loads every spec

    try:
        load_pem_x509_certificate(text.encode())
    except ValueError:
        return False
    return True
