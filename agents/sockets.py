"""What errors of sockets say, in words for people.

Rules: pure.
"""

from __future__ import annotations

import os


def words_of(error: OSError) -> str:
    """Such as "connection refused", instead of asyncio's "Connect call failed" with an address that everybody knows."""
    return (os.strerror(error.errno) if error.errno else str(error) or type(error).__name__).lower()
