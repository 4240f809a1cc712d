"""Which plan is taken for those of then: that of another spec, or of the spec in force with some settings changed.

Rules: another spec stands for all that were; settings change the spec in force only, since older ones are not there any more to be changed.
What is wrong with either is a usage error (exit code 2).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence

from pcloud.errors import PcloudError
from pcloud.model.events import SettingsChanged
from pcloud.model.facts import StateKept
from pcloud.model.plan import DeployablePlan
from pcloud.records.fact import FactRecord, fact_of
from pcloud.records.requests import SpecInForce, SpecUpload
from pcloud.replay.again import Replan
from pcloud.spec.overriding import SettingError, plan_overridden
from pcloud.spec.recovery import RecoveryDefaults, RecoveryKeys

USAGE = 2


@contextlib.contextmanager
def as_usage() -> Iterator[None]:
    """What goes wrong inside is the fault of the command's own words."""
    try:
        yield
    except PcloudError as error:
        error.exit_code = USAGE
        raise


def replan_by(name: str, facts: Iterable[FactRecord], in_force: SpecInForce, spec: SpecUpload | None, settings: Sequence[str]) -> Replan:
    """The plan of now for each of then. SpecError and SettingError, with the exit code of a usage error."""
    if spec is None and not settings:
        return lambda plan: plan
    with as_usage():
        upload = spec or in_force.upload
        plan = plan_overridden(upload.source, path=upload.path, files=upload.files, settings=settings, system=defaults_of(in_force))
        if plan.name != name:
            raise SettingError(f"--spec {upload.path}: describes {plan.name}, and not {name}", f"give a spec of {name}")
    if spec is not None:
        return lambda _plan: plan
    last = last_plan(facts)
    return lambda then: plan if then == last else then


def last_plan(facts: Iterable[FactRecord]) -> DeployablePlan | None:
    """The plan that is in force."""
    found = None
    for record in facts:
        if record.kind in {SettingsChanged.__name__, StateKept.__name__}:
            found = record
    told = fact_of(found) if found is not None else None
    if isinstance(told, StateKept):
        return told.target or told.plan
    return told.plan if isinstance(told, SettingsChanged) else None


def defaults_of(in_force: SpecInForce) -> RecoveryDefaults:
    """What the system's configuration says."""
    infrastructures = {name: RecoveryKeys.model_validate(keys) for name, keys in in_force.infrastructures.items()}
    return RecoveryDefaults(RecoveryKeys.model_validate(in_force.recovery), infrastructures)
