"""Specs as the API shows them: as they were sent, and what they come to."""

from __future__ import annotations

from cpe.shell.store.port import StoredDeployable
from pcloud.records.requests import SpecUpload
from pcloud.records.specs import EffectiveSettings, RegisteredSpec
from pcloud.spec.effects import effects
from pcloud.spec.loading import load
from pcloud.spec.recovery import RecoveryDefaults


def registered_spec(stored: StoredDeployable) -> RegisteredSpec:
    """What was sent, and since when it is registered."""
    upload = stored.upload
    return RegisteredSpec(name=stored.name, path=upload.path, source=upload.source, files=upload.files, created=stored.created)


def effective_settings(upload: SpecUpload, defaults: RecoveryDefaults) -> EffectiveSettings:
    """Every setting of every target under the system's ``defaults``; SpecError."""
    spec = load(upload.source, path=upload.path, files=upload.files)
    return EffectiveSettings.model_validate({"name": spec.name, "path": upload.path, "targets": list(effects(spec, defaults))})
