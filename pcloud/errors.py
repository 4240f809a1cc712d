"""Every error that pcloud raises on purpose.

Rules:
- What fails in the managed world is an event, not an exception; these types are for the edges: adapters raise them (``from`` the
  original) and one place turns them into events, or the command line prints them as one sentence and a cure.
- Anything else that is raised is a bug and ends its task loudly.
"""

from __future__ import annotations


class PcloudError(Exception):
    """The root of all of ours. ``str()`` is one sentence for people; ``cure`` says what would help, and may be empty."""

    exit_code = 1

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure


class NotFoundError(PcloudError):
    """A name that stands for nothing."""

    exit_code = 3


class RefusedError(PcloudError):
    """Understood, and not done: it would make things worse, or contradicts what is so already."""

    exit_code = 4


class NoDaemonError(PcloudError):
    """Nobody answers on the socket."""

    exit_code = 6


class TimedOutError(PcloudError):
    """The time that was allowed is over."""

    exit_code = 7


class InfrastructureError(PcloudError):
    """The cloud said no, and nothing was changed by what we asked."""


class HardInfrastructureError(InfrastructureError):
    """The cloud will go on saying no: a missing image or size, a quota. Not retried (policy.md section 1)."""


class SecretError(PcloudError):
    """A secret cannot be read; trying again does not change that. Never holds the value."""


class AmbiguousError(InfrastructureError):
    """No clear answer (timeout, 5xx, broken connection): what was asked may have been done or may yet be."""


class StoreError(PcloudError):
    """The store cannot be read or written; it is left as it is."""


class UnwritableError(StoreError):
    """The store cannot be written at the moment, for want of room on the disk say: nothing of what was asked was written."""
