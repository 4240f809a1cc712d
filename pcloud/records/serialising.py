"""States and reports as JSON text, and back exactly.

Rules:
- Open intents stand apart from the state, each with the name of its class: actions of different classes may have equal fields.
- The plan is not part of it: the spec is stored, and the plan made of it again. Plans of before the spec are.
- Infinite times are kept (as ``Infinity``, which Python's json reads and writes).
- What an older policy wrote is migrated first. What is read must be the whole of what was written: whatever the classes of now would leave
  out, fill in or take for something else is an error, since a state that is misread acts on the wrong machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter

from pcloud.errors import StoreError
from pcloud.model.actions import POLICY_VERSION, Action, Report
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.records.migrating import difference, migrated

_RESTORE = "restore the store from a backup; it was left as it is"
_STATE = TypeAdapter(DeployableState)
_REPORT = TypeAdapter(Report)
_ACTIONS: dict[str, TypeAdapter[Any]] = {kind.__name__: TypeAdapter(kind) for kind in get_args(Action)}


def _intent_fields(owner: type) -> tuple[str, ...]:
    """The fields of a class of the state that may hold an action."""
    actions = set(get_args(Action))
    return tuple(name for name, hint in get_type_hints(owner).items() if actions & {hint, *get_args(hint)})


_OF_ASSEMBLY = _intent_fields(AssemblyState)
_OF_RESOURCE = _intent_fields(ResourceState)
_APART: dict[str, Any] = {
    "plan": True,
    "target": True,
    "assemblies": {"__all__": {**dict.fromkeys(_OF_ASSEMBLY, True), "resources": {"__all__": dict.fromkeys(_OF_RESOURCE, True)}}},
}


def dump_state(state: DeployableState) -> str:
    """The state with its open intents, without its plan."""
    intents = [
        {**place, "kind": type(action).__name__, "action": _ACTIONS[type(action).__name__].dump_python(action, mode="json")}
        for place, action in _intents(state)
    ]
    return json.dumps({"state": _STATE.dump_python(state, mode="json", exclude=_APART), "intents": intents})


def load_state(text: str, version: int) -> DeployableState:
    """What ``dump_state`` was given, without its plan. StoreError for what another, newer policy wrote, and for what is damaged."""
    if version > POLICY_VERSION:
        message = f"a state was written by a newer policy (version {version}; this one is {POLICY_VERSION})"
        raise StoreError(message, "install that version again; the state was left as it is")
    try:
        document = migrated(json.loads(text), version)
        state = _STATE.validate_python(document["state"])
        for intent in document["intents"]:
            action: Action = _ACTIONS[intent["kind"]].validate_python(intent["action"])
            state = _with_intent(state, intent["assembly"], intent["resource"], {intent["field"]: action})
        unread = difference(document, json.loads(dump_state(state)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError("a stored state cannot be read", _RESTORE) from error
    if unread or state.version != POLICY_VERSION:
        raise StoreError(f"a stored state cannot be read: {unread or 'its version is not the one that it was stored under'}", _RESTORE)
    return state


def dump_report(report: Report) -> str:
    return json.dumps(_REPORT.dump_python(report, mode="json"))


def load_report(text: str) -> Report:
    """What ``dump_report`` was given. StoreError for what is damaged."""
    try:
        return _REPORT.validate_python(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise StoreError("a stored event cannot be read", _RESTORE) from error


def _intents(state: DeployableState) -> Iterator[tuple[dict[str, str], Action]]:
    """Every open intent and where it belongs; the resource's name is empty where it is the assembly's own."""
    for name, assembly in state.assemblies.items():
        for field in _OF_ASSEMBLY:
            if (action := getattr(assembly, field)) is not None:
                yield {"assembly": name, "resource": "", "field": field}, action
        for resource_name, resource in assembly.resources.items():
            for field in _OF_RESOURCE:
                if (action := getattr(resource, field)) is not None:
                    yield {"assembly": name, "resource": resource_name, "field": field}, action


def _with_intent(state: DeployableState, name: str, resource: str, intent: Mapping[str, Any]) -> DeployableState:
    assembly: AssemblyState = state.assemblies[name]
    if resource:
        owner = replace(assembly.resources[resource], **intent)
        changed = replace(assembly, resources={**assembly.resources, resource: owner})
    else:
        changed = replace(assembly, **intent)
    return replace(state, assemblies={**state.assemblies, name: changed})
