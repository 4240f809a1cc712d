"""Where the account of an EC2 is found, and what is said where none is, or what is written makes no sense."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.ec2.account import Account
from cpe.shell.infrastructures.ec2.args import EC2Args
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.errors import RefusedError

PROFILES = """
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = one%two
[work]
aws_access_key_id = AKIAWORK
aws_secret_access_key = three
aws_session_token = four
"""


def account(home: Path, cloud: str = "", variables: Mapping[str, str] | None = None, **args: object) -> Account:
    return Account({"HOME": str(home), **(variables or {})}, cloud, EC2Args.model_validate(args))


@pytest.fixture(autouse=True)
def nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have an account."""
    for variable in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(variable)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(PROFILES)
    (tmp_path / ".aws" / "config").write_text("[default]\nregion = eu-west-1\n[profile work]\nregion = eu-north-1\n")
    return tmp_path


def test_the_default_profile_counts_where_nothing_is_said(home: Path) -> None:
    found = account(home)
    assert (found.keys().key, found.keys().secret, found.keys().token) == ("AKIADEFAULT", "one%two", "")
    assert found.place().host == "ec2.eu-west-1.amazonaws.com"


def test_variables_count_before_it_and_a_named_profile_before_them(home: Path) -> None:
    variables = {"AWS_ACCESS_KEY_ID": "AKIAVAR", "AWS_SECRET_ACCESS_KEY": "five", "AWS_SESSION_TOKEN": "six", "AWS_REGION": "us-west-2"}
    found = account(home, variables=variables)
    assert (found.keys().key, found.keys().token, found.place().region) == ("AKIAVAR", "six", "us-west-2")
    named = account(home, "work", variables)
    assert (named.keys().key, named.keys().token, named.place().region) == ("AKIAWORK", "four", "eu-north-1")
    assert account(home, variables={"AWS_PROFILE": "work"}).keys().key == "AKIAWORK"


def test_keys_that_are_changed_are_taken_up_and_never_printed(home: Path) -> None:
    found = account(home)
    assert "one%two" not in repr(found.keys())
    (home / ".aws" / "credentials").write_text("[default]\naws_access_key_id = AKIANEW\naws_secret_access_key = newer\n")
    assert found.keys().key == "AKIANEW"


def test_an_endpoint_says_where_to_ask(home: Path) -> None:
    place = account(home, endpoint="http://cloud.example.org:8773/services/compute", region="here").place()
    expected = ("here", "cloud.example.org", 8773, False, "/services/compute")
    assert (place.region, place.host, place.port, place.secure, place.path) == expected


@pytest.mark.parametrize(
    ("cloud", "variables", "written", "said", "cure"),
    [
        ("wrok", {}, PROFILES, "has no profile 'wrok'", "work"),
        ("", {"AWS_ACCESS_KEY_ID": "AKIA"}, PROFILES, "AWS_SECRET_ACCESS_KEY is not", "set both"),
        ("", {}, "", "no AWS_* variables and no profile default", "write a profile into"),
        ("", {}, "[default]\naws_access_key_id = AKIA\n", "has no aws_secret_access_key", "below its aws_access_key_id"),
        ("", {}, "[default]\nrole_arn = arn:aws:iam::1:role/x\n", "has role_arn and no keys", "of a user of its own"),
        ("", {}, "aws_secret_access_key = AKIA\n", "makes no sense in line 1", "[PROFILE]"),
        ("", {}, "[default]\nAKIA\n", "makes no sense in line 2", "[PROFILE]"),
        ("", {"AWS_REGION": "eu-wst-1"}, PROFILES, "there is no region 'eu-wst-1'", "eu-west-1"),
    ],
)
def test_what_is_wrong_is_told_with_what_would_be_right(home, monkeypatch, cloud, variables, written, said, cure) -> None:
    (home / ".aws" / "credentials").write_text(written)
    monkeypatch.setenv("HOME", str(home))
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    settings = InfrastructureSettings(driver="ec2", cloud=cloud)
    with pytest.raises(RefusedError) as refused:
        build("lab", settings, controller="here", state_directory=home)
    assert said in str(refused.value)
    assert "AKIA" not in str(refused.value)
    assert cure in refused.value.cure


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"zoen": "a"}, 'args.zoen: unknown key "zoen"; did you mean "zone"?'),
        ({"endpoint": "cloud.example.org"}, "args.endpoint: 'cloud.example.org' is no address"),
        ({"address": "floating"}, "args.address: 'floating' is neither private nor public"),
        ({"security_groups": ["a", "a"]}, "args.security_groups: names something twice"),
        ({"region": 1}, "args.region: 1 is not text"),
    ],
)
def test_args_that_make_no_sense_are_told_by_their_names(home, monkeypatch, args, said) -> None:
    monkeypatch.setenv("HOME", str(home))
    with pytest.raises(RefusedError) as refused:
        build("lab", InfrastructureSettings(driver="ec2", args=args), controller="here", state_directory=home)
    assert f"infrastructure lab: {said}" in str(refused.value)
