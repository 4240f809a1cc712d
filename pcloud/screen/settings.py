"""What a spec comes to, as a table for each target.

Rules: pure; only what the target uses itself, so that one line is one thing that can be changed to some effect.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from pcloud.records.specs import EffectiveSettingBody, EffectiveSettings
from pcloud.screen.columns import columns
from pcloud.screen.format import clean
from pcloud.spec.units import duration_text

DURATIONS = {"within", "delay", "max_delay", "verify", "interval", "timeout", "silence"}


def effective_lines(effective: EffectiveSettings, width: int) -> Iterator[Text]:
    """All targets, with an empty line between two."""
    for number, target in enumerate(effective.targets):
        if number:
            yield Text()
        yield Text(clean(target.target), "bold")
        rows = [(clean(one.key), _value(one), _source(one)) for one in target.settings if one.applies]
        yield from columns(("SETTING", "VALUE", "FROM"), rows, width)


def _value(setting: EffectiveSettingBody) -> str:
    key = setting.key.rpartition(".")[2]
    if key in DURATIONS and isinstance(setting.value, int | float):
        return duration_text(setting.value)
    if key == "failures" and setting.value == 0:
        return "never"  # what -1 and INFINITY in the spec mean
    if isinstance(setting.value, bool):
        return str(setting.value).lower()  # as it is written in the spec
    return clean(str(setting.value)) or "-"


def _source(setting: EffectiveSettingBody) -> Text:
    """``deployable, line 6``; what nobody has written is dim."""
    line = f", line {setting.line}" if setting.line is not None else ""
    note = f": {setting.note}" if setting.note else ""
    return Text(clean(f"{setting.source}{line}{note}"), "dim" if setting.source == "default" and not note else "")
