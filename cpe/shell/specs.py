"""What a spec comes to, as the API shows it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from cpe.shell.infrastructures.static import StaticInfrastructure
from pcloud.model.plan import DeployablePlan
from pcloud.model.ports import Infrastructure
from pcloud.records.requests import SpecUpload
from pcloud.records.specs import EffectiveSettings
from pcloud.spec.effects import effects
from pcloud.spec.loading import load
from pcloud.spec.planning import plan
from pcloud.spec.recovery import RecoveryDefaults


def planned(upload: SpecUpload, defaults: RecoveryDefaults, infrastructures: Callable[[str], Infrastructure]) -> DeployablePlan:
    """The plan of a spec whose infrastructures are all there; SpecError, NotFoundError, RefusedError."""
    made = plan(load(upload.source, path=upload.path, files=upload.files), defaults)
    for name in made.infrastructures:
        infrastructure = infrastructures(name)
        if isinstance(infrastructure, StaticInfrastructure):
            infrastructure.refuse(made)
    return made


def effective_settings(upload: SpecUpload, defaults: RecoveryDefaults, adopted: Collection[str] = ()) -> EffectiveSettings:
    """Every setting of every target under the system's ``defaults``, for the ``adopted`` assemblies as for those; SpecError."""
    spec = load(upload.source, path=upload.path, files=upload.files)
    return EffectiveSettings.model_validate({"name": spec.name, "path": upload.path, "targets": list(effects(spec, defaults, adopted))})
