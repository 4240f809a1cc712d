"""Settings of a plan as short texts, for a reload's plan.

Rules: one line each; scripts are never shown, because they may hold what nobody should see on a screen.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass

from pcloud.model.plan import ProcessAgent, ResourcePlan, ScriptAgent, Secret, SystemdAgent, VolumePlan
from pcloud.spec.units import duration_text

LONGEST = 200  # characters: enough for a command, too few to fill a screen
SCRIPTS = frozenset({"provision", "configure", "cloud_config"})
DURATIONS = frozenset({"interval", "timeout", "silence", "action_timeout", "within", "delay", "max_delay", "verify"})
UNITS = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


def shown(setting: str, value: object) -> str:
    """A value as people write it; empty for what is not there."""
    last = setting.rpartition(".")[2]
    if value is None or value in ("", ()):
        return ""
    if last in SCRIPTS:
        lines = len(str(value).splitlines())
        return f"a {'document' if last == 'cloud_config' else 'script'} of {lines} line{'' if lines == 1 else 's'}"
    if last in DURATIONS and isinstance(value, int | float):
        return duration_text(float(value))
    if last == "size" and isinstance(value, int):
        return size_text(value)
    text = _text(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def size_text(size: int) -> str:
    """A number of bytes in the largest unit that divides it."""
    for unit, bytes_ in UNITS:
        if size % bytes_ == 0:
            return f"{size // bytes_}{unit}"
    return str(size)


def _text(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case ResourcePlan():
            return _text(value.agent) if value.agent is not None else f"{len(value.checks)} checks"
        case SystemdAgent():
            return f"systemd:{value.unit}"
        case ProcessAgent():
            return f"process:{value.command}"
        case ScriptAgent():
            return f"script: {value.start}"
        case VolumePlan():
            return f"{value.name} ({size_text(value.size)} at {value.mount})"
        case Secret():
            return f"{value.name} from {value.file or value.env}"
        case tuple():
            return ", ".join(_item(each) for each in value)
        case _ if is_dataclass(value):
            return _of_fields(value)
        case _:
            return " ".join(str(value).split())


def _item(value: object) -> str:
    return "=".join(str(part) for part in value) if isinstance(value, tuple) else _text(value)


def _of_fields(value: object) -> str:
    """``key value`` for each field that is not its default."""
    found = []
    for field in fields(value):  # type: ignore[arg-type]
        one = getattr(value, field.name)
        if one != field.default:
            found.append(f"{field.name} {shown(field.name, one)}")
    return ", ".join(found)
