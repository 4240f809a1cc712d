"""Values of secrets reach scripts and nothing else (interface: they are never printed)."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpe.shell.facts import Fact
from dpe.shell.secrets import Secrets
from pcloud.errors import SecretError
from pcloud.model.events import ActionFailed, InstanceFenced, ProbeFailed, ProvisionFinished, SecretNoted
from pcloud.model.plan import AssemblyPlan, DeployablePlan, Secret
from pcloud.model.ports import SecretReading

KEY = "-----BEGIN KEY-----\nMIIEvAIBADANBg\nabc\n-----END KEY-----"
VALUES = {"PASSWORD": "hunter2hunter2", "LONGER": "hunter2hunter2-and-more", "KEY": KEY, "PIN": "123"}
WEB = AssemblyPlan("web", "lab", secrets=tuple(Secret(name, env=name) for name in VALUES))


POSTED: list[Fact] = []


def read(secret: Secret) -> SecretReading:
    if secret.name not in VALUES:
        raise SecretError(f"secret {secret.name} cannot be read")
    return SecretReading(VALUES[secret.name], COMPLAINTS.get(secret.name, ""))


COMPLAINTS: dict[str, str] = {}


def said() -> list[tuple[str, bool]]:
    """What was told of secrets since it was asked last, and whether as an alert."""
    found = [(fact.fields["reason"], fact.fields.get("alert", False)) for fact in POSTED if fact.kind is SecretNoted]
    POSTED.clear()
    return found


def plan(assembly: AssemblyPlan = WEB) -> DeployablePlan:
    return DeployablePlan("shop", ("lab",), (assembly,))


@pytest.fixture
def secrets() -> Secrets:
    POSTED.clear()
    made = Secrets(read, POSTED.append)
    made.learn(plan())
    return made


def test_scripts_get_parameters_and_secrets_as_they_are(secrets: Secrets) -> None:
    assert secrets.environment(WEB, {"DB_HOST": "10.0.0.1"}) == {"DB_HOST": "10.0.0.1", **VALUES}


@pytest.mark.parametrize(
    ("kind", "field"), [(ActionFailed, "reason"), (ProbeFailed, "reason"), (ProvisionFinished, "tail"), (InstanceFenced, "console")]
)
def test_what_a_machine_printed_has_no_values_any_more(secrets: Secrets, kind: type, field: str) -> None:
    veiled = secrets.veil(Fact(kind, action="shop.1", **{field: "mysql: access denied for -phunter2hunter2 (hunter2hunter2)"}))
    assert veiled.fields == {"action": "shop.1", field: "mysql: access denied for -p*** (***)"}


def test_of_values_that_begin_alike_nothing_is_left(secrets: Secrets) -> None:
    assert secrets.hidden("it is hunter2hunter2-and-more") == "it is ***"


def test_a_single_line_of_a_long_value_is_blotted_out_too(secrets: Secrets) -> None:
    assert secrets.hidden("line 2: MIIEvAIBADANBg") == "line 2: ***"
    assert secrets.hidden(f"all: {KEY}") == "all: ***"


def test_values_that_protect_nothing_do_not_blot_out_half_of_every_text(secrets: Secrets) -> None:
    assert secrets.hidden("exit status 123 after abc") == "exit status 123 after abc"


def test_what_is_not_printed_by_a_machine_stays_as_it_is(secrets: Secrets) -> None:
    fields = {"action": "hunter2hunter2", "status": 7, "tail": ""}
    assert secrets.veil(Fact(ProvisionFinished, **fields)).fields == fields


def test_a_secret_that_cannot_be_read_is_no_hindrance_until_it_is_needed() -> None:
    secrets = Secrets(read, POSTED.append)
    missing = replace(WEB, secrets=(Secret("MISSING", env="MISSING"), Secret("PASSWORD", env="PASSWORD")))
    secrets.learn(plan(missing))
    assert secrets.hidden("hunter2hunter2") == "***"
    assert said() == [("secret MISSING cannot be read", True)]
    with pytest.raises(SecretError, match="secret MISSING cannot be read"):
        secrets.environment(missing, {})


def test_a_value_that_was_changed_is_hidden_as_well_as_the_new_one(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said() == []
    monkeypatch.setitem(VALUES, "PASSWORD", "correct horse")
    secrets.environment(WEB, {})
    assert secrets.hidden("hunter2hunter2, correct horse") == "***, ***"
    assert said() == [("secret PASSWORD has changed: scripts that run from now on get it", False)]
    secrets.environment(WEB, {})
    assert said() == []


def test_one_that_cannot_be_read_any_more_is_used_as_it_was_and_told_once(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(VALUES, "PASSWORD")
    assert secrets.environment(WEB, {})["PASSWORD"] == "hunter2hunter2"
    assert said() == [("secret PASSWORD cannot be read; its last value is used", True)]
    secrets.environment(WEB, {})
    assert said() == []


def test_a_complaint_about_its_place_is_told_until_it_is_mended(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMPLAINTS, "PASSWORD", "everybody may read it")
    secrets.environment(WEB, {})
    secrets.environment(WEB, {})
    assert said() == [("everybody may read it", True)]
    monkeypatch.delitem(COMPLAINTS, "PASSWORD")
    secrets.environment(WEB, {})
    assert said() == []
    monkeypatch.setitem(COMPLAINTS, "PASSWORD", "everybody may read it")
    secrets.environment(WEB, {})
    assert said() == [("everybody may read it", True)]


ODD = 'it\'s 100% "quoted" & long'


@pytest.mark.parametrize("write", [shlex.quote, json.dumps, quote, quote_plus, lambda value: base64.b64encode(value.encode()).decode()])
def test_a_value_is_hidden_however_programs_write_it(write: Callable[[str], str]) -> None:
    secrets = Secrets(lambda _: SecretReading(ODD), POSTED.append)
    secrets.environment(WEB, {})
    assert "long" not in secrets.hidden(f"+ login {write(ODD)} now")


@pytest.mark.parametrize("cut", range(1, 8))
def test_of_a_value_that_was_cut_off_nothing_is_left(secrets: Secrets, cut: int) -> None:
    value = VALUES["LONGER"]
    assert secrets.hidden(f"{value[cut:]} was wrong") == "*** was wrong"
    assert secrets.hidden(f"they said {value[:-cut]}") == "they said ***"


@given(st.text(), st.text(min_size=4))
def test_hiding_ends_whatever_the_text_and_the_value(text: str, value: str) -> None:
    secrets = Secrets(lambda _: SecretReading(value), POSTED.append)
    secrets.environment(replace(WEB, secrets=WEB.secrets[:1]), {})
    assert value == "***" or value not in secrets.hidden(f"{text}{value}{text}").replace("***", "")
