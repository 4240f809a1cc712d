"""The ports at which an assembly's services answer: what its peers are asked to reach (policy.md section 4).

Rules: those that its own checks look at, at its own address. A page that is elsewhere (another machine's, this one's loopback) says nothing
about what a peer would find here.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from dpe.policy.dependencies import values
from dpe.policy.turn import Turn
from pcloud.model.plan import HttpCheck, TcpCheck
from pcloud.spec.references import resolve

WELL_KNOWN = {"http": 80, "https": 443}


def ports(turn: Turn, assembly: str) -> tuple[int, ...]:
    """Its SSH server's first."""
    instance = turn[assembly].instance
    if instance is None:
        return ()
    found = [instance.port]
    for check in (check for each in turn.plan_of(assembly).resources for check in each.checks):
        match check.what:
            case TcpCheck(port=port):
                found.append(port)
            case HttpCheck(url=url) if port := page_port(resolve(url, values(turn.state, turn.assemblies)), instance.address):
                found.append(port)
            case _:
                pass
    return tuple(dict.fromkeys(found))


def page_port(url: str | None, address: str) -> int:
    """The port of a page at that very address; 0 for a page anywhere else."""
    try:
        parts = urlsplit(url or "")
        return (parts.port or WELL_KNOWN.get(parts.scheme, 0)) if parts.hostname == address.lower() else 0
    except ValueError:  # no URL; whoever asks for the page says so
        return 0
