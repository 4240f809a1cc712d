"""``docs/spec.md`` says what the code says: every key with its type and default, and examples that load."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel

from pcloud.model.plan import Check, MonitorPlan, OcfAgent, RecoverySettings, ResourcePlan, TcpCheck
from pcloud.model.words import Rung
from pcloud.spec import fields, recovery, schema
from pcloud.spec.checks import checks_of
from pcloud.spec.meanings import MEANINGS
from pcloud.spec.planning import plan
from pcloud.spec.references import WORDS
from pcloud.spec.schema import CheckKeys
from pcloud.spec.units import duration
from tests.spec.examples import loaded

PAGE = (Path(__file__).parents[2] / "docs" / "spec.md").read_text()

SECTIONS: dict[str, type[BaseModel]] = {
    "The file": schema.DeployableKeys,
    "defaults": schema.DefaultKeys,
    "assemblies.NAME": schema.AssemblyKeys,
    "monitor": schema.MonitorKeys,
    "volumes.NAME": schema.VolumeKeys,
    "secrets.NAME": schema.SecretKeys,
    "provision": schema.ProvisionKeys,
    "configure": schema.ScriptKeys,
    "reboot": schema.RebootKeys,
    "resources.NAME": schema.ResourceKeys,
    "resources.NAME.monitor": schema.ResourceMonitorKeys,
    "resources.NAME.params.NAME": schema.ParamKeys,
    "checks": schema.CheckKeys,
    "recovery": recovery.RecoveryKeys,
    "recovery.relocate": recovery.RelocateKeys,
    "recovery.RUNG": recovery.RungKeys,
}

TYPES = [
    (fields.Name, "name"),
    (fields.Names, "name, or a list"),
    (fields.Text, "text"),
    (str, "text"),
    (fields.Texts, "text, or a list"),
    (fields.Seconds, "duration"),
    (fields.Interval, "duration"),
    (fields.Bytes, "size"),
    (fields.Flag, "yes or no"),
    (fields.Failures, "number, or INFINITY"),
    (fields.HostKey, "host key"),
    (fields.Mount, "path"),
    (fields.Url, "URL"),
    (fields.Address, "address"),
    (fields.OriginWord, "`inside` or `controller`"),
    (fields.OnExhaustedWord, "`retry` or `stop`"),
    (schema.Port, "port"),
    (schema.Status, "HTTP status"),
    (schema.InARow, "number"),
    (schema.CheckLevel, "number"),
    (schema.PerInfrastructure, "text, or one per infrastructure"),
    (schema.Carrier, "`ssh`"),
    (schema.Data, "`keep` or `ephemeral`"),
    (recovery.Kept, "number"),
    (recovery.Ceiling, "`restart`, `reboot`, `relaunch` or `relaunch_deployable`"),
    (fields.ModeWord, "`enforce`, `observe` or `approve`"),
]

CHECK = Check("", TcpCheck(1))
HTTP = checks_of([CheckKeys(http="http://x/")], ())[0]
DEFAULTS: dict[tuple[str, str], object] = {
    ("The file", "infrastructure"): plan(loaded("deployable: a\nassemblies: {b: {image: x}}")).infrastructures[0],
    ("defaults", "data"): "keep",
    ("defaults", "spread"): "false",
    **{("monitor", key): getattr(MonitorPlan(), key) for key in ("carrier", "user", "interval", "timeout", "silence")},
    ("resources.NAME", "timeout"): ResourcePlan("", None).action_limit,
    ("resources.NAME.monitor", "check_level"): str(OcfAgent("p", "n").check_level),
    ("monitor", "port"): str(MonitorPlan().port),
    ("checks", "status"): str(getattr(HTTP.what, "status", None)),
    ("checks", "from"): CHECK.origin,
    **{("checks", key): str(getattr(CHECK, key)) for key in ("fall", "rise")},
    **{("recovery", key): str(getattr(RecoverySettings(), key)) for key in ("mode", "on_exhausted", "keep_failed")},
}
"""What holds where a key is not written, as the code has it."""


@dataclass(frozen=True)
class Row:
    key: str
    type: str
    default: str
    meaning: str


def tables(page: str) -> dict[str, dict[str, Row]]:
    """The rows of every table of keys, by the section's heading and by key."""
    found: dict[str, dict[str, Row]] = {}
    for section in re.split(r"^#+ ", page, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        _, start, table = body.partition("| key | type | default | meaning |\n|---|---|---|---|\n")
        if start:
            lines = table.split("\n\n")[0].splitlines()
            rows = [re.split(r" ?(?<!\\)\| ?", line.strip("| ")) for line in lines]
            found[heading] = {key.strip("`"): Row(key.strip("`"), kind, default, meaning) for key, kind, default, meaning in rows}
    return found


TABLES = tables(PAGE)


def keys_of(section: str) -> dict[str, Any]:
    """The keys of a section's model as they are written, and what the code calls their types."""
    model = SECTIONS[section]
    hints = get_type_hints(model, include_extras=True)
    inherited = schema.DefaultKeys.model_fields if model is schema.AssemblyKeys else {}
    return {field.alias or name: hints[name] for name, field in model.model_fields.items() if name not in inherited}


def type_of(hint: Any) -> str:
    """A type as the page calls it."""
    known = [word for kind, word in TYPES if kind == hint]
    if known:
        return known[0]
    if get_origin(hint) in {Union, UnionType}:
        return type_of(next(part for part in get_args(hint) if part is not NoneType))
    if get_origin(hint) in {dict, list}:
        return "mapping" if get_origin(hint) is dict else "list"
    inner = get_args(hint)[0] if get_origin(hint) is not None else hint
    return "mapping" if isinstance(inner, type) and issubclass(inner, BaseModel) else type_of(inner)


def test_every_mapping_has_its_table() -> None:
    assert list(TABLES) == list(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_table_has_the_keys_of_the_format_in_their_order_with_their_types(section: str) -> None:
    shown = {key: row.type for key, row in TABLES[section].items()}
    assert shown == {key: type_of(hint) for key, hint in keys_of(section).items()}


@pytest.mark.parametrize("section", SECTIONS)
def test_a_table_says_what_editors_say(section: str) -> None:
    shown = {key: re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", row.meaning) for key, row in TABLES[section].items()}
    assert shown == MEANINGS[SECTIONS[section].__name__], "docs/spec.md and pcloud/spec/meanings.py say the same"


@pytest.mark.parametrize("section", SECTIONS)
def test_what_is_required_is_said_to_be(section: str) -> None:
    model = SECTIONS[section]
    required = {field.alias or name for name, field in model.model_fields.items() if field.is_required()}
    shown = {key for key, row in TABLES[section].items() if row.default == "required"}
    assert shown == required | ({"image"} if section == "defaults" else set())  # an image or an address


@pytest.mark.parametrize(("section", "key"), DEFAULTS)
def test_a_default_is_the_one_that_holds(section: str, key: str) -> None:
    shown, held = TABLES[section][key].default.strip("`"), DEFAULTS[section, key]
    assert (duration(shown) if isinstance(held, float) else shown) == held


def test_every_other_key_is_said_to_have_no_default_of_its_own() -> None:
    words = {"none", "required", "see below", "the machine's", "the resource's"}
    others = {
        (section, key): row.default for section, table in TABLES.items() for key, row in table.items() if (section, key) not in DEFAULTS
    }
    assert set(others.values()) <= words


def test_the_windows_are_those_that_hold() -> None:
    settings = RecoverySettings()
    for rung in (Rung.RESTART, Rung.REBOOT, Rung.RELAUNCH, Rung.RELAUNCH_DEPLOYABLE):
        line = next(line for line in PAGE.splitlines() if re.match(rf"\| `{rung}` \| \d", line))
        failures, *durations = [cell.strip() for cell in line.strip("|").split("|")][1:]
        window = settings.rung(rung)
        assert int(failures) == window.failures
        assert [duration(each) for each in durations] == [window.within, window.delay, window.max_delay, window.verify]


def test_every_word_that_can_be_said_of_an_assembly_is_there() -> None:
    [sentence] = re.findall(r"`\$\{ASSEMBLY\.WORD\}` in a parameter.*?\n\n", PAGE, flags=re.DOTALL)
    assert set(WORDS) <= set(re.findall(r"`(\w+)`", sentence))


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL))
def test_an_example_has_no_mistakes(example: str) -> None:
    plan(loaded(example))


def test_links_lead_to_headings() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", PAGE, flags=re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) <= headings
