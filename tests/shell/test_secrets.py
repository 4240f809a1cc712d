"""Values of secrets reach scripts and nothing else (interface: they are never printed)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dpe.shell.facts import Fact
from dpe.shell.secrets import Secrets
from pcloud.errors import SecretError
from pcloud.model.events import ActionFailed, InstanceFenced, ProbeFailed, ProvisionFinished
from pcloud.model.plan import AssemblyPlan, DeployablePlan, Secret

KEY = "-----BEGIN KEY-----\nMIIEvAIBADANBg\nabc\n-----END KEY-----"
VALUES = {"PASSWORD": "hunter2hunter2", "LONGER": "hunter2hunter2-and-more", "KEY": KEY, "PIN": "123"}
WEB = AssemblyPlan("web", "lab", secrets=tuple(Secret(name, env=name) for name in VALUES))


def read(secret: Secret) -> str:
    if secret.name not in VALUES:
        raise SecretError(f"secret {secret.name} cannot be read")
    return VALUES[secret.name]


def plan(assembly: AssemblyPlan = WEB) -> DeployablePlan:
    return DeployablePlan("shop", ("lab",), (assembly,))


@pytest.fixture
def secrets() -> Secrets:
    made = Secrets(read)
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
    secrets = Secrets(read)
    missing = replace(WEB, secrets=(Secret("MISSING", env="MISSING"), Secret("PASSWORD", env="PASSWORD")))
    secrets.learn(plan(missing))
    assert secrets.hidden("hunter2hunter2") == "***"
    with pytest.raises(SecretError, match="secret MISSING cannot be read"):
        secrets.environment(missing, {})


def test_a_value_that_was_changed_is_hidden_as_well_as_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = Secrets(read)
    secrets.learn(plan())
    monkeypatch.setitem(VALUES, "PASSWORD", "correct horse")
    secrets.environment(WEB, {})
    assert secrets.hidden("hunter2hunter2, correct horse") == "***, ***"
