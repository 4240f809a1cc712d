"""Accounts of OpenStack: found where its own tools look for them, and told plainly where they make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.openstack.clouds import Clouds
from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.errors import RefusedError

AUTH = {"auth_url": "https://cloud.example:5000/v3", "username": "ann", "password": "secret", "project_name": "shop"}


def clouds(directory: Path, **environment: str) -> Clouds:
    """With what stands below ``directory``: ``home`` and ``etc``."""
    return Clouds({"HOME": str(directory / "home"), **environment}, directory / "etc")


def write(file: Path, content: object, top: str = "clouds") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump({top: content}))
    return file


def own(directory: Path, content: object) -> Path:
    return write(directory / "home" / ".config" / "openstack" / "clouds.yaml", content)


def test_a_users_own_clouds_come_before_the_machines(tmp_path):
    write(tmp_path / "etc" / "clouds.yaml", {"rack": {"auth": AUTH, "region_name": "machines"}})
    assert clouds(tmp_path).account("rack").region == "machines"
    own(tmp_path, {"rack": {"auth": AUTH, "region_name": "own"}})
    assert clouds(tmp_path).account("rack").region == "own"
    other = write(tmp_path / "other.yaml", {"rack": {"auth": AUTH, "region_name": "named"}})
    assert clouds(tmp_path, OS_CLIENT_CONFIG_FILE=str(other)).account("rack").region == "named"


def test_a_password_may_stand_in_secure_yaml_beside_it(tmp_path):
    without = {key: value for key, value in AUTH.items() if key != "password"}
    file = own(tmp_path, {"rack": {"auth": without}})
    with pytest.raises(RefusedError, match=r"auth\.password is missing") as refused:
        clouds(tmp_path).account("rack")
    assert "secure.yaml" in refused.value.cure
    write(file.with_name("secure.yaml"), {"rack": {"auth": {"password": "kept"}}})
    account = clouds(tmp_path).account("rack")
    user = {"name": "ann", "domain": {"id": "default"}, "password": "kept"}
    assert account.body["identity"] == {"methods": ["password"], "password": {"user": user}}
    assert "kept" not in repr(account)


@pytest.mark.parametrize(
    ("words", "project", "user"),
    [
        ({}, {"name": "shop", "domain": {"id": "default"}}, {"name": "ann", "domain": {"id": "default"}}),
        ({"project_id": "p7"}, {"id": "p7"}, {"name": "ann", "domain": {"id": "default"}}),
        ({"user_id": "u7"}, {"name": "shop", "domain": {"id": "default"}}, {"id": "u7"}),
        (
            {"user_domain_name": "Users", "project_domain_id": "d7"},
            {"name": "shop", "domain": {"id": "d7"}},
            {"name": "ann", "domain": {"name": "Users"}},
        ),
        ({"domain_name": "Both"}, {"name": "shop", "domain": {"name": "Both"}}, {"name": "ann", "domain": {"name": "Both"}}),
    ],
)
def test_users_and_projects_are_named_by_id_or_by_name_in_a_domain(tmp_path, words, project, user):
    own(tmp_path, {"rack": {"auth": {**AUTH, **words}}})
    body = clouds(tmp_path).account("rack").body
    assert body["scope"] == {"project": project}
    assert body["identity"]["password"]["user"] == {**user, "password": "secret"}


def test_an_application_credential_needs_no_project(tmp_path):
    auth = {"auth_url": AUTH["auth_url"], "application_credential_id": "c7", "application_credential_secret": "s"}
    own(tmp_path, {"rack": {"auth_type": "v3applicationcredential", "auth": auth}})
    body = clouds(tmp_path).account("rack").body
    assert body == {"identity": {"methods": ["application_credential"], "application_credential": {"id": "c7", "secret": "s"}}}


def test_where_no_cloud_is_named_the_environment_says_which(tmp_path):
    variables = {f"OS_{key.upper()}": value for key, value in AUTH.items()}
    account = clouds(tmp_path, **variables, OS_REGION_NAME="one", OS_INTERFACE="internalURL").account("")
    assert (account.auth_url, account.region, account.interface) == ("https://cloud.example:5000", "one", "internal")
    own(tmp_path, {"rack": {"auth": AUTH, "region_name": "of rack"}})
    assert clouds(tmp_path, OS_CLOUD="rack", **variables).account("").region == "of rack"
    assert clouds(tmp_path).account("").region == "of rack"  # the only one that there is
    own(tmp_path, {"rack": {"auth": AUTH}, "deck": {"auth": AUTH}})
    with pytest.raises(RefusedError, match="2 clouds, and none is named"):
        clouds(tmp_path).account("")


def test_what_a_vendor_says_of_all_its_clouds_lies_below_an_entry(tmp_path):
    own(tmp_path, {"rack": {"profile": "vendor", "auth": {key: AUTH[key] for key in AUTH if key != "auth_url"}}})
    with pytest.raises(RefusedError, match=r"profile vendor, and there is no clouds-public\.yaml"):
        clouds(tmp_path).account("rack")
    write(
        tmp_path / "etc" / "clouds-public.yaml", {"vendor": {"auth": {"auth_url": AUTH["auth_url"]}, "region_name": "v"}}, "public-clouds"
    )
    assert clouds(tmp_path).account("rack").region == "v"


@pytest.mark.parametrize(
    ("entry", "said", "cure"),
    [
        ({"auth": {**AUTH, "usrname": "x"}}, 'unknown key "auth.usrname"', "username"),
        ({"auth": {**AUTH, "password:hunter2": None}}, 'unknown key "auth.password…"', "password"),
        ({"auth": {**AUTH, "passwordhunter2": "x"}}, 'unknown key "auth.password…"', "password"),
        ({"auth": {**AUTH, "password": 1234}}, "auth.password: it is not text", "quotes"),
        ({"auth": {**AUTH, "auth_url": "cloud.example"}}, "auth_url 'cloud.example' is no address", "https://"),
        ({"auth": {**AUTH, "project_name": ""}}, "no project is named", "auth.project_name"),
        ({"auth": {**AUTH, "username": ""}}, "no user is named", "auth.username"),
        ({"auth": AUTH, "auth_type": "v3oidcpassword"}, "auth_type 'v3oidcpassword' is not spoken here", "password"),
        ({"auth": AUTH, "interface": "pubic"}, "interface 'pubic' does not exist", "public"),
        ({"auth": AUTH, "regions": ["one", "two"]}, "several regions", "args.region: one or two"),
        ({"auth": AUTH, "cacert": "/nowhere/ca.pem"}, "cacert /nowhere/ca.pem cannot be read", "name a file"),
        ({"auth": "ann"}, "auth is no mapping", "auth_url"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place_and_its_cure(tmp_path, entry, said, cure):
    own(tmp_path, {"rack": entry})
    with pytest.raises(RefusedError, match="the cloud rack of ") as refused:
        clouds(tmp_path).account("rack")
    assert said in str(refused.value)
    assert cure in refused.value.cure


@pytest.mark.parametrize("text", ["clouds: {rack: [", 'clouds: !!int ""', "clouds: 2026-99-99", "clouds: !!timestamp x", "[" * 5000])
def test_what_is_no_yaml_is_told_with_the_file(tmp_path, text):
    file = own(tmp_path, {})
    file.write_text(text)
    with pytest.raises(RefusedError, match=f"{file} is no YAML"):
        clouds(tmp_path).account("rack")


def test_an_unknown_name_is_told_with_what_is_near(tmp_path, monkeypatch):
    file = own(tmp_path, {"rack": {"auth": AUTH}})
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    with pytest.raises(RefusedError, match=r"infrastructure lab: .* has no cloud 'rac'") as refused:
        build("lab", InfrastructureSettings(driver="openstack", cloud="rac"), controller="here", state_directory=tmp_path)
    assert refused.value.cure == 'did you mean "rack"?'


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"security_group": "web"}, 'args.security_group: unknown key "security_group"; did you mean "security_groups"?'),
        ({"config_drive": "yes"}, "args.config_drive: 'yes' is neither true nor false"),
        ({"networks": ["a", "a"]}, "args.networks: names something twice"),
        ({"zone": 7}, "args.zone: 7 is not text"),
    ],
)
def test_args_that_make_no_sense_are_told_with_what_would_be_right(tmp_path, monkeypatch, args, said):
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(own(tmp_path, {"rack": {"auth": AUTH}})))
    with pytest.raises(RefusedError) as refused:
        build("lab", InfrastructureSettings(driver="openstack", cloud="rack", args=args), controller="here", state_directory=tmp_path)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [("clouds: [", "is no YAML"), ("[]", "has no clouds"), ("clouds: {rack: 7}", "has no clouds"), ("\0", "is no YAML")],
)
def test_a_file_that_is_none_is_told(tmp_path, content, said):
    file = tmp_path / "clouds.yaml"
    file.write_text(content)
    with pytest.raises(RefusedError, match=said):
        clouds(tmp_path, OS_CLIENT_CONFIG_FILE=str(file)).account("rack")
    file.unlink()
    with pytest.raises(RefusedError, match="there is no such file"):
        clouds(tmp_path, OS_CLIENT_CONFIG_FILE=str(file)).account("rack")
