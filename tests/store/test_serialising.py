"""States and reports come back exactly as they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcloud.errors import StoreError
from pcloud.model.actions import POLICY_VERSION, Report
from pcloud.model.plan import DeployablePlan
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.records.serialising import dump_report, dump_state, load_report, load_state
from tests.store.states import ACTION_KINDS, REPORTS, STATES, of, state


@given(STATES)
@settings(max_examples=25)
def test_a_state_comes_back_exactly(state: DeployableState) -> None:
    assert load_state(dump_state(state), POLICY_VERSION) == state


@given(REPORTS)
def test_a_report_comes_back_exactly(report: Report) -> None:
    assert load_report(dump_report(report)) == report


@pytest.mark.parametrize("kind", ACTION_KINDS)
@given(data=st.data())
@settings(max_examples=10)
def test_an_open_intent_comes_back_as_the_action_that_it_is(kind: type[Any], data: st.DataObject) -> None:
    action = data.draw(of(kind))
    of_assembly = DeployableState("d", assemblies={"a": AssemblyState(action=action)})
    of_resource = DeployableState("d", assemblies={"a": AssemblyState(resources={"r": ResourceState(action=action)})})
    assert type(load_state(dump_state(of_assembly), POLICY_VERSION).assemblies["a"].action) is kind
    for open_intent in (of_assembly, of_resource):
        assert load_state(dump_state(open_intent), POLICY_VERSION) == open_intent


def test_a_report_from_before_guards_were_part_of_it_is_one_without_any() -> None:
    body = json.loads(dump_report(Report("changed", "web", reason="r")))
    del body["guards"]
    assert load_report(json.dumps(body)) == Report("changed", "web", reason="r")


def test_the_plan_is_left_out() -> None:
    planned = replace(state(), plan=DeployablePlan("shop"))
    assert load_state(dump_state(planned), POLICY_VERSION) == state()


def altered(change: Callable[[Any], object]) -> str:
    """The text of a state, changed by hand."""
    document = json.loads(dump_state(state()))
    change(document)
    return json.dumps(document)


DAMAGED = {
    "empty": "",
    "half": dump_state(state())[:-40],
    "a list": "[]",
    "an empty object": "{}",
    "no state": '{"state": {}, "intents": []}',
    "an action that there is not": dump_state(state()).replace("RebootAssembly", "Boom"),
    "an intent of nothing": altered(lambda document: document["intents"][0].update(assembly="web")),
    "an unknown key": altered(lambda document: document["state"].update(mood="good")),
    "an unknown key of an assembly": altered(lambda document: document["state"]["assemblies"]["mysql"].update(mood="good")),
    "an unknown key of an action": altered(lambda document: document["intents"][0]["action"].update(mood="good")),
    "an unknown key beside the state": altered(lambda document: document.update(mood="good")),
    "a missing key": altered(lambda document: document["state"]["assemblies"]["mysql"].pop("silence")),
    "a missing key of an action": altered(lambda document: document["intents"][1]["action"].pop("timeout")),
    "a number as text": altered(lambda document: document["state"].update(serial="7")),
    "a truth as a number": altered(lambda document: document["state"]["assemblies"]["mysql"].update(contact=0)),
    "another version within": altered(lambda document: document["state"].update(version=POLICY_VERSION - 1)),
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_state_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        load_state(text, POLICY_VERSION)


def test_a_refusal_names_what_is_not_understood() -> None:
    with pytest.raises(StoreError, match=r"state.assemblies.mysql.mood is not known"):
        load_state(DAMAGED["an unknown key of an assembly"], POLICY_VERSION)
