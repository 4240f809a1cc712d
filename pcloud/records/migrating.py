"""States of older policies, as JSON documents, made into those of this one.

Rules:
- One function from each version to the next, pure, on the document that ``dump_state`` of that version wrote; never on the classes of
  now, which will change again. A state goes through all of them that it needs.
- What a version did not know is written out, as what it meant then: nothing is left to the defaults of now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pcloud.model.actions import POLICY_VERSION

Document = Mapping[str, Any]

# What releases that called themselves version 1 came to know in its course; the earlier ones behaved as is said here.
_DEPLOYABLE_1: Document = {
    "outgoing": [],
    "stale": "",
    "observing": "",
    "doubt": "",
    "pauses": [],
    "recovery": None,
    "relaunches": [],
    "recoveries": [],
    "to_fence": [],
    "doubted": "",
    "stalls": [],
    "outcome": None,
}
_PAUSE_1: Document = {"suppressed": []}
_ASSEMBLY_1: Document = {
    "former": [],
    "change_at": None,
    "denied": "",
    "decision": "",
    "stopping_at": None,
    "stopped_by": "",
    "grace": None,
    "reboot_tried": None,
    "relaunch_tried": None,
    "twin_at": None,
    "twins": [],
    "claimed": 0,
    "still": False,
}
_RESOURCE_1: Document = {"denied": "", "decision": ""}
_SILENCE_1: Document = {"anchor": "", "anchor_at": None, "suppressed_by": ""}
_RECOVERY_1: Document = {
    "reload": False,
    "manual": False,
    "observed": False,
    "witnessed": False,
    "condemned": False,
    "permit": "",
    "guards": [],
    "held_since": None,
    "alerted": False,
}
_RETIRED_2: Document = {"generation": 0, "twin": False}
_DEPLOYABLE_2: Document = {"life": 0}
_ASSEMBLY_2: Document = {"adopted": False}
_SILENCE_3: Document = {"anchor_since": None, "missed_at": None}
_ASSEMBLY_3: Document = {"zone": ""}
_INSTANCE_3: Document = {"zone": ""}
_TWIN_3: Document = {"told": False}


def migrated(document: Document, version: int) -> Document:
    """The document that this version would have written in the place of one of ``version``. KeyError, TypeError for what is none."""
    for each in range(version, POLICY_VERSION):
        document = MIGRATIONS[each](document)
    return document


def from_1(document: Document) -> Document:
    """1 → 2: guards, permits, pauses, approvals, anchors, stalls and twins are known, and retired instances have their moments."""
    state = document["state"]
    discards = {each["assembly"]: [each["action"]] for each in document["intents"] if each["field"] == "discard"}
    assemblies = {name: _assembly_from_1(each, discards.get(name, [])) for name, each in state["assemblies"].items()}
    whole = {**_DEPLOYABLE_1, **state}
    whole["pauses"] = [_with(_PAUSE_1, each) for each in whole["pauses"]]
    return {
        **document,
        "state": {**whole, "version": 2, "recovery": _with(_RECOVERY_1, whole["recovery"]), "assemblies": assemblies},
        "intents": [_intent_from_1(each, state["assemblies"]) for each in document["intents"]],
    }


def _intent_from_1(intent: Document, assemblies: Document) -> Document:
    """A destruction names the highest generation that was intended, and a start what it stops before."""
    if intent["kind"] == "StartResources":
        return {**intent, "action": {"former": [], **intent["action"]}}
    if intent["kind"] != "DestroyInstance":
        return intent
    return {**intent, "action": {**intent["action"], "generation": assemblies[intent["assembly"]]["generation"]}}


def _assembly_from_1(assembly: Document, discards: Sequence[Document]) -> Document:
    return {
        **_ASSEMBLY_1,
        **assembly,
        "retired": _retired_from_1(assembly, discards),
        "silence": _with(_SILENCE_1, assembly["silence"]),
        "recovery": _with(_RECOVERY_1, assembly["recovery"]),
        "resources": {name: _resource_from_1(each) for name, each in assembly["resources"].items()},
    }


def _retired_from_1(assembly: Document, discards: Sequence[Document]) -> list[Document]:
    """Those that waited, behind the one that was being deleted, which now stays in the row until it is.

    When they were fenced was not written down; it was not after the stage that the assembly is in began.
    """
    waited = [*((each["instance_id"], each["infrastructure"]) for each in discards), *assembly["retired"]]
    return [{"instance_id": name, "infrastructure": home, "at": assembly["since"], "gone": False} for name, home in waited]


def _resource_from_1(resource: Document) -> Document:
    return {**_RESOURCE_1, **resource, "recovery": _with(_RECOVERY_1, resource["recovery"])}


def from_2(document: Document) -> Document:
    """2 → 3: retired instances name their generations, and stopped twins are among them; a takeover begins another life; adoption."""
    state = document["state"]
    assemblies = {
        name: {**_ASSEMBLY_2, **each, "retired": [_with(_RETIRED_2, old) for old in each["retired"]]}
        for name, each in state["assemblies"].items()
    }
    return {**document, "state": {**_DEPLOYABLE_2, **state, "version": 3, "assemblies": assemblies}}


def from_3(document: Document) -> Document:
    """3 → 4: a silence knows when it was tried last, and since when anchors answer; machines have zones; twins that were told."""
    state = document["state"]
    assemblies = {name: _assembly_from_3(each) for name, each in state["assemblies"].items()}
    return {
        **document,
        "state": {**state, "version": 4, "assemblies": assemblies},
        "intents": [{**each, "action": _action_from_3(each["action"])} for each in document["intents"]],
    }


def _assembly_from_3(assembly: Document) -> Document:
    return {
        **_ASSEMBLY_3,
        **assembly,
        "instance": _with(_INSTANCE_3, assembly["instance"]),
        "silence": _with(_SILENCE_3, assembly["silence"]),
        "twins": [_with(_TWIN_3, each) for each in assembly["twins"]],
    }


def _action_from_3(action: Document) -> Document:
    return {**action, "instance": _with(_INSTANCE_3, action["instance"])} if "instance" in action else action


def _with(known: Document, part: Document | None) -> Document | None:
    """A part that need not be there, with what it did not know."""
    return None if part is None else {**known, **part}


MIGRATIONS: Mapping[int, Callable[[Document], Document]] = {1: from_1, 2: from_2, 3: from_3}
"""What makes the document of one version that of the next."""


def difference(one: Any, other: Any, place: str = "") -> str:
    """Where two JSON documents differ first, in words; empty if nowhere."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            if key not in one or key not in other:
                return f"{place}{key} is {'missing' if key not in one else 'not known'}"
        found = (difference(one[key], other[key], f"{place}{key}.") for key in one)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        found = (difference(*pair, f"{place}{number}.") for number, pair in enumerate(zip(one, other, strict=True)))
    else:
        return "" if one == other and isinstance(one, bool) is isinstance(other, bool) else f"{place.rstrip('.')} is not what it should be"
    return next((each for each in found if each), "")
