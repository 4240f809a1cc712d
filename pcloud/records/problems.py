"""How our errors are written down for the wire, and told apart again: one table for both ends.

Rules: a type of error has one URI and one HTTP status; what is not in the table is written down as its nearest ancestor that is.
"""

from __future__ import annotations

from dataclasses import dataclass

from pcloud.errors import (
    AmbiguousError,
    HardInfrastructureError,
    InfrastructureError,
    NotFoundError,
    PcloudError,
    RefusedError,
    StoreError,
    TimedOutError,
)

MEDIA_TYPE = "application/problem+json"  # RFC 9457
SPEC_PROBLEM = "urn:pcloud:problem:spec"  # SpecError; its class belongs to pcloud.spec, beside this layer
REQUEST_PROBLEM = "urn:pcloud:problem:request"  # what was sent has not the form that the contract asks for
BUG_PROBLEM = "urn:pcloud:problem:bug"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """The part of a problem that is the same for all errors of one type."""

    error: type[PcloudError]
    type: str
    title: str
    status: int


PROBLEM_KINDS = (
    ProblemKind(NotFoundError, "urn:pcloud:problem:not-found", "Not found", 404),
    ProblemKind(RefusedError, "urn:pcloud:problem:refused", "Refused", 409),
    ProblemKind(TimedOutError, "urn:pcloud:problem:timed-out", "Timed out", 504),
    # 502: the fault is not in what was asked nor in the daemon, but in what stands behind it.
    ProblemKind(AmbiguousError, "urn:pcloud:problem:ambiguous", "The infrastructure gave no clear answer", 502),
    ProblemKind(HardInfrastructureError, "urn:pcloud:problem:infrastructure-hard", "The infrastructure will not", 502),
    ProblemKind(InfrastructureError, "urn:pcloud:problem:infrastructure", "The infrastructure refused", 502),
    ProblemKind(StoreError, "urn:pcloud:problem:store", "The store failed", 500),
    ProblemKind(PcloudError, "urn:pcloud:problem:failed", "Failed", 500),
)


def kind_of(error: PcloudError) -> ProblemKind:
    """The kind that fits ``error`` best; the table's last row fits all."""
    return next(kind for kind in PROBLEM_KINDS if isinstance(error, kind.error))


def error_type(problem_type: str) -> type[PcloudError]:
    """The class that a problem's URI stands for; PcloudError for one that is not ours."""
    return next((kind.error for kind in PROBLEM_KINDS if kind.type == problem_type), PcloudError)
