"""What probes found, as facts."""

from __future__ import annotations

from dataclasses import dataclass

from pcloud.model.drafts import quick
from pcloud.model.event import Event
from pcloud.model.words import Verdict


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReported(Event):
    """The root of what one probe found. ``probe`` is "" for the resource agent's own monitor."""

    assembly: str
    resource: str
    generation: int
    probe: str = ""
    reason: str = ""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePassed(ProbeReported):
    """All is well. ``restarts`` counts how often the machine's own supervisor restarted it, None where nobody counts."""

    restarts: int | None = None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeMissed(ProbeReported):
    """Soft evidence."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeFailed(ProbeReported):
    """Hard evidence."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePending(ProbeReported):
    """On its way, neither passed nor failed, for ``patience`` seconds; past that it is a failure."""

    patience: float = 30.0


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBroken(ProbeReported):
    """A hard error: trying again cannot help."""


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeUnknown(ProbeReported):
    """Cannot be told."""


PROBE_EVENTS: dict[Verdict, type[ProbeReported]] = {
    Verdict.PASSED: ProbePassed,
    Verdict.MISSED: ProbeMissed,
    Verdict.FAILED: ProbeFailed,
    Verdict.PENDING: ProbePending,
    Verdict.UNKNOWN: ProbeUnknown,
    Verdict.BROKEN: ProbeBroken,
}
