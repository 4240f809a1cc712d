"""What is kept of an instance that is replaced, so that somebody can find out what ailed it (policy.md section 6)."""

from __future__ import annotations

from dataclasses import dataclass

from pcloud.model.words import Verdict


@dataclass(frozen=True, slots=True)
class LastProbe:
    """What a probe had come to when the instance was fenced; its verdict had lasted for ``lasting`` seconds then.

    ``probe`` is "" for the agent's own monitor. MISSED: it had passed until then, and had begun to miss.
    """

    resource: str
    probe: str
    verdict: Verdict
    reason: str
    lasting: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """``why`` it was replaced; the end of its ``console``, empty where the cloud keeps none; the last ``probes`` of its resources.

    ``unseen``: seconds since its last sign of life when its fence began, None where there was contact until then, or never any.
    ``gone``: the cloud knew it no more, so that nothing of it is left there.
    """

    instance_id: str
    infrastructure: str
    generation: int
    address: str
    why: str
    console: str = ""
    probes: tuple[LastProbe, ...] = ()
    unseen: float | None = None
    gone: bool = False
