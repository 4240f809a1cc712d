"""What a spec comes to, as the API shows it."""

from __future__ import annotations

from pcloud.records.requests import SpecUpload
from pcloud.records.specs import EffectiveSettings
from pcloud.spec.effects import effects
from pcloud.spec.loading import load
from pcloud.spec.recovery import RecoveryDefaults


def effective_settings(upload: SpecUpload, defaults: RecoveryDefaults) -> EffectiveSettings:
    """Every setting of every target under the system's ``defaults``; SpecError."""
    spec = load(upload.source, path=upload.path, files=upload.files)
    return EffectiveSettings.model_validate({"name": spec.name, "path": upload.path, "targets": list(effects(spec, defaults))})
