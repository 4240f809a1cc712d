"""Logging in to a real OpenStack: passwords, application credentials, tokens that are taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from pcloud.errors import InfrastructureError
from tests.infrastructures.openstack_cloud import OPENSTACK, driver, entry, openstack_cloud

pytestmark = OPENSTACK


def keystone(path: str, method: str = "GET", data: Any = "", subject: str = "") -> Any:
    """Asked as the member ``demo``, with the token of a login of its own."""
    demo = driver("demo")
    headers = {"X-Auth-Token": demo.login.value, **({"X-Subject-Token": subject} if subject else {})}
    return requests.request(method, f"{demo.login.account.auth_url}/v3{path}", json=data or None, headers=headers, timeout=60)


async def test_a_wrong_password_is_told_with_who_was_refused(cloud_directory: Path) -> None:
    words = {"auth": {**entry("demo")["auth"], "password": "wrong"}}
    with openstack_cloud(cloud_directory, words) as cloud:
        with pytest.raises(InfrastructureError, match=r"refuses the user demo of the project demo: .*wrong password") as failed:
            await cloud.count()
        assert "clouds.yaml" in failed.value.cure


async def test_a_password_that_was_mended_is_taken_up_without_a_restart(cloud_directory: Path) -> None:
    words = {"auth": {**entry("demo")["auth"], "password": "wrong"}}
    with openstack_cloud(cloud_directory, words) as cloud:
        with pytest.raises(InfrastructureError):
            await cloud.count()
        file = cloud_directory / "clouds.yaml"
        file.write_text(file.read_text().replace("wrong", entry("demo")["auth"]["password"]))
        assert await cloud.count() == (0, 0)


async def test_a_token_that_was_taken_away_is_renewed_once_and_nobody_notices(cloud_directory: Path) -> None:
    with openstack_cloud(cloud_directory) as cloud:
        before = await cloud.ask("looking at the token", lambda driver: driver.login.value)
        assert await cloud.ask("looking at the token", lambda driver: driver.login.value) == before
        assert keystone("/auth/tokens", "DELETE", subject=before).status_code == 204
        assert await cloud.count() == (0, 0)
        assert await cloud.volumes() == []
        assert await cloud.ask("looking at the token", lambda driver: driver.login.value) != before


async def test_an_application_credential_is_enough_until_it_is_taken_away(cloud_directory: Path) -> None:
    path = f"/users/{driver('demo').login.user}/application_credentials"
    made = keystone(path, "POST", {"application_credential": {"name": "pcloud"}}).json()["application_credential"]
    auth = {
        "auth_url": entry("demo")["auth"]["auth_url"],
        "application_credential_id": made["id"],
        "application_credential_secret": made["secret"],
    }
    with openstack_cloud(cloud_directory, {"auth_type": "v3applicationcredential", "auth": auth}) as cloud:
        assert await cloud.count() == (0, 0)
    assert keystone(f"{path}/{made['id']}", "DELETE").status_code == 204
    refused = pytest.raises(InfrastructureError, match=f"refuses the application credential {made['id']}")
    with openstack_cloud(cloud_directory, {"auth_type": "v3applicationcredential", "auth": auth}) as cloud, refused:
        await cloud.count()  # a service that has seen its token goes on believing it for a while


@pytest.mark.parametrize(
    ("words", "said", "cure"),
    [
        ({"region_name": "RegionTwo"}, "it has no compute service in the region RegionTwo", "RegionOne"),
        ({"auth_url": "http://10.77.1.2:8774"}, "there is no Keystone", "auth_url"),
        ({"auth_url": "http://10.77.1.2:1"}, "does not answer: .*refused", "auth_url"),
        ({"compute_endpoint_override": "http://10.77.1.2:1/v2.1"}, "Connection refused", ""),
    ],
)
async def test_a_cloud_that_cannot_be_reached_is_told_with_what_to_look_at(cloud_directory, words, said, cure) -> None:
    changed = {**words, **({"auth": {**entry("demo")["auth"], "auth_url": words["auth_url"]}} if "auth_url" in words else {})}
    changed.pop("auth_url", None)
    with openstack_cloud(cloud_directory, changed) as cloud:
        with pytest.raises(InfrastructureError, match=said) as failed:
            await cloud.count()
        assert cure in failed.value.cure
