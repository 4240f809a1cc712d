"""The spec format as a JSON schema, for editors: derived from the models, with what each key means.

Rules: draft 7, which every editor's YAML support knows; never stricter than the loader, so that nobody sees a sound spec underlined; what
needs more than one place of the file (names that stand for something, cycles, windows) is the loader's alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pcloud.spec.fields import TEXT
from pcloud.spec.judging import LAUNCHING_KEYS
from pcloud.spec.meanings import MEANINGS
from pcloud.spec.schema import AssemblyKeys, DeployableKeys, ResourceKeys

DRAFT = "http://json-schema.org/draft-07/schema#"
AGENTS = ("systemd", "process", "script", "ocf", "lsb")
"""What may stand before an agent's first colon; what is not there yet is the loader's to say."""

WRITTEN: dict[str, Any] = {"type": ["string", "number", "boolean"]}
"""A parameter is taken as it is written, so that YAML may think of it what it likes."""

Schema = dict[str, Any]


def json_schema() -> Schema:
    """The whole schema; equal at every call."""
    made = DeployableKeys.model_json_schema(ref_template="#/definitions/{model}")
    definitions = made.pop("$defs")
    made["properties"]["infrastructure"]["anyOf"][1]["minItems"] = 1
    whole = {"$schema": DRAFT, "title": "pcloud deployable", **_mapping(DeployableKeys.__name__, made)}
    _widen(definitions)
    whole["definitions"] = {name: _mapping(name, each) for name, each in definitions.items()}
    return whole


def _widen(definitions: Schema) -> None:
    """What validators take that the models' types do not show, and what keys say of each other."""
    assembly = definitions[AssemblyKeys.__name__]
    for pattern in assembly["properties"]["parameters"]["patternProperties"]:
        assembly["properties"]["parameters"]["patternProperties"][pattern] = WRITTEN
    assembly["dependencies"] = {"reboot": ["address"]}
    assembly["allOf"] = [{"not": {"required": ["address", key]}} for key in LAUNCHING_KEYS]
    resource = definitions[ResourceKeys.__name__]
    resource["anyOf"] = [{"required": ["agent"]}, {"required": ["checks"]}]
    resource["not"] = {"required": ["agent", "restarts"]}
    properties = resource["properties"]
    secret = properties["params"]["additionalProperties"]
    properties["params"]["additionalProperties"] = {"anyOf": [WRITTEN, secret]}
    properties["monitor"] = {"anyOf": [TEXT, properties["monitor"]]}
    properties["agent"] = {"type": "string", "pattern": f"^({'|'.join(AGENTS)}):"}


def _mapping(name: str, schema: Schema) -> Schema:
    """One mapping of the format: no titles and nulls that nobody writes, the meaning with each key."""
    cleaned: Schema = _clean(schema)
    meanings = _meanings(name)
    for key, value in cleaned.get("properties", {}).items():
        if key in meanings:
            cleaned["properties"][key] = _described(value, meanings[key])
    return cleaned


def _meanings(name: str) -> Mapping[str, str]:
    inherited = MEANINGS["DefaultKeys"] if name == AssemblyKeys.__name__ else {}
    return {**inherited, **MEANINGS.get(name, {})}


def _described(schema: Schema, meaning: str) -> Schema:
    """Beside a ``$ref`` draft 7 sees nothing, so that the two are put side by side."""
    return {"description": meaning, **({"allOf": [schema]} if "$ref" in schema else schema)}


def _clean(part: Any) -> Any:
    """Without titles, defaults of None and alternatives of null, which the loader refuses as empty."""
    if isinstance(part, list):
        return [_clean(each) for each in part]
    if not isinstance(part, dict):
        return part
    found = {key: _clean(value) for key, value in part.items() if not _is_noise(key, value)}
    if "patternProperties" in found:
        found["additionalProperties"] = False
    alternatives = [each for each in found.pop("anyOf", ()) if each != {"type": "null"}]
    if len(alternatives) == 1:
        return {**alternatives[0], **found}
    return {**found, "anyOf": alternatives} if alternatives else found


def _is_noise(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "default" and value is None)
