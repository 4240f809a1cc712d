"""The two ways in which an attempt to reach a machine comes to nothing.

Rules: raised and caught inside ``agents.ssh`` only, where they become sightings.
"""

from __future__ import annotations

import errno
import struct

import asyncssh

from agents.printing import printable
from agents.sockets import words_of
from pcloud.errors import PcloudError


class _FaultError(PcloudError):
    """What it says may be the other side's own words."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class MissedError(_FaultError):
    """The machine did not answer an attempt of ours."""


class UnclearError(_FaultError):
    """It cannot be told whether the machine is alive."""


class NotLetInError(UnclearError):
    """The machine is alive and refuses our key."""


GARBLED = (asyncssh.Error, ValueError, LookupError, TypeError, AttributeError, AssertionError, OverflowError, struct.error)
"""What asyncssh raises over packets that keep to no rule; an OSError is not among them."""

_OURS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EACCES, errno.EPERM, errno.EADDRNOTAVAIL})
"""What the kernel says when this side could not even try: our overload, our own filter."""


def fault_of(error: OSError) -> MissedError | UnclearError:
    """An error of a socket as a fault."""
    words = words_of(error)
    if error.errno in _OURS:
        return UnclearError(f"this controller could not try: {words}")
    return MissedError(words)
