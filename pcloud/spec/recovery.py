"""The recovery keys as they are written on one level, and how levels add up (policy.md section 3, "Inherited").

Rules: a key that is not written is None, so that the level above shows through, key by key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pcloud.model.plan import RecoverySettings, RungSettings
from pcloud.model.words import LADDER, Rung
from pcloud.spec.fields import Failures, Flag, Keys, ModeWord, OnExhaustedWord, RungWord, Seconds, form, shaped, whole, wrong
from pcloud.spec.inheriting import Inherited, nearest
from pcloud.spec.units import duration_text


def _reachable(rung: Rung) -> Rung:
    if rung is Rung.RELOCATE:
        raise wrong(f"{rung} is not yet supported", f"the highest rung is {Rung.RELAUNCH_DEPLOYABLE}")
    return rung


MOST_KEPT = 100
"""Old instances of one assembly, all of them paid for."""

Ceiling = Annotated[RungWord, AfterValidator(_reachable), form(enum=[str(rung) for rung in LADDER if rung is not Rung.RELOCATE])]
Kept = Annotated[
    int, BeforeValidator(whole(0, MOST_KEPT, "a number of instances to keep")), form(type="integer", minimum=0, maximum=MOST_KEPT)
]

ALIASES = {"failures": ("escalation_failures",), "within": ("escalation_period",)}

Settled = dict[tuple[str, ...], Inherited[Any]]
"""Every recovery setting of one target by its keys, with where it comes from."""


class RungKeys(Keys):
    """One rung. ``escalation_failures`` and ``escalation_period`` are other names of ``failures`` and ``within``."""

    failures: Failures | None = None
    within: Seconds | None = None
    delay: Seconds | None = None
    max_delay: Seconds | None = None
    verify: Seconds | None = None
    escalation_failures: Failures | None = None
    escalation_period: Seconds | None = None

    model_config = shaped(
        allOf=[{"not": {"required": ["failures", "escalation_failures"]}}, {"not": {"required": ["within", "escalation_period"]}}]
    )

    @model_validator(mode="after")
    def _no_key_twice(self) -> Self:
        for key, alias in (("failures", "escalation_failures"), ("within", "escalation_period")):
            if {key, alias} <= self.model_fields_set:
                raise wrong(f"{key} and {alias} are the same", "keep one of them")
        if self.within == 0 or self.escalation_period == 0:
            raise wrong("a window of no length never fills", "write a longer within, such as 10m")
        return self


class RelocateKeys(Keys):
    """What an assembly may leave behind when it goes to another cloud, where ``allow: relocate`` lets it; which is not yet supported."""

    without_volumes: Flag | None = None


class RecoveryKeys(Keys):
    """All of ``recovery`` on one level."""

    restart: RungKeys = Field(default_factory=RungKeys)
    reboot: RungKeys = Field(default_factory=RungKeys)
    relaunch: RungKeys = Field(default_factory=RungKeys)
    relaunch_deployable: RungKeys = Field(default_factory=RungKeys)
    relocate: RelocateKeys | None = None
    allow: Ceiling | None = None
    mode: ModeWord | None = None
    on_exhausted: OnExhaustedWord | None = None
    keep_failed: Kept | None = None

    def written(self) -> dict[str, Any]:
        """As it could stand in a file: the keys that are written, and no others."""
        return {key: value for key, value in self.model_dump(mode="json", exclude_none=True).items() if value != {}}


@dataclass(frozen=True, slots=True)
class RecoveryDefaults:
    """What the system's configuration says: for everything, and for what has its home on one infrastructure."""

    system: RecoveryKeys = field(default_factory=RecoveryKeys)
    infrastructures: Mapping[str, RecoveryKeys] = field(default_factory=dict)

    def levels(self, home: str) -> tuple[RecoveryKeys, ...]:
        """The levels above the deployable, farthest first."""
        own = self.infrastructures.get(home)
        return (self.system,) if own is None else (self.system, own)


RUNGS = ("restart", "reboot", "relaunch", "relaunch_deployable")
RUNG_KEYS = tuple(each.name for each in fields(RungSettings))
PLAIN = ("allow", "mode", "on_exhausted", "keep_failed")


def settled(levels: Sequence[RecoveryKeys], allow: Rung, why: str = "") -> Settled:
    """The levels added up, farthest first; ``allow`` where no level names a ceiling, and why it is that."""
    base = RecoverySettings(allow=allow)
    found: Settled = {}
    for rung in RUNGS:
        written, usual = [getattr(level, rung) for level in levels], getattr(base, rung)
        for key in RUNG_KEYS:
            found[rung, key] = nearest(written, key, getattr(usual, key), *ALIASES.get(key, ()))
    for key in PLAIN:
        found[key,] = nearest(levels, key, getattr(base, key))
    if found["allow",].level is None:
        found["allow",] = replace(found["allow",], note=why)
    return found


def assembled(found: Settled) -> RecoverySettings:
    """The values alone, as the policy uses them."""
    values: dict[str, Any] = {rung: RungSettings(**{key: found[rung, key].value for key in RUNG_KEYS}) for rung in RUNGS}
    return RecoverySettings(**values, **{key: found[key,].value for key in PLAIN})


def effective(levels: Sequence[RecoveryKeys], allow: Rung) -> RecoverySettings:
    """The levels added up, farthest first; ``allow`` where no level names a ceiling."""
    return assembled(settled(levels, allow))


def total_delay(rung: RungSettings) -> float:
    """Seconds of delay alone between the first failure of a full window and its last, without jitter (rules 3.2 and 3.4)."""
    total, delay, left = 0.0, rung.delay, rung.failures - 2
    while left > 0 and 0 < delay < rung.max_delay:
        total, delay, left = total + delay, delay * 2, left - 1
    return total + max(left, 0) * min(delay, rung.max_delay)


def never_fills(rung: RungSettings) -> str:
    """Why the window cannot fill (rule 3.8), or "" if it can."""
    delays = total_delay(rung)
    if rung.failures == 0 or delays <= rung.within:
        return ""
    window, taken = duration_text(rung.within), duration_text(delays)
    return f"{rung.failures} failures never fall within {window}: the delays between them alone take {taken}"
