"""How people reach the lab: clouds.yaml with three clouds, and a file of OS_* variables to be sourced."""

from __future__ import annotations

from pathlib import Path

from openstack_lab.settings import REGION, Settings, write_private

CLOUDS = ("admin", "demo", "small")  # user, project and cloud have one name


def clouds(settings: Settings) -> str:
    """YAML; every value is one of ours, and none needs quotes."""
    blocks = (
        f"  {name}:\n"
        f"    auth:\n"
        f"      auth_url: {settings.keystone}\n"
        f"      username: {name}\n"
        f"      password: {getattr(settings.secrets, name)}\n"
        f"      project_name: {name}\n"
        f"      user_domain_name: Default\n"
        f"      project_domain_name: Default\n"
        f"    region_name: {REGION}\n"
        f"    identity_api_version: 3\n"
        for name in CLOUDS
    )
    return "clouds:\n" + "".join(blocks)


def openrc(settings: Settings) -> str:
    variables = {
        "AUTH_URL": settings.keystone,
        "USERNAME": "demo",
        "PASSWORD": settings.secrets.demo,
        "PROJECT_NAME": "demo",
        "USER_DOMAIN_NAME": "Default",
        "PROJECT_DOMAIN_NAME": "Default",
        "REGION_NAME": REGION,
        "IDENTITY_API_VERSION": "3",
    }
    return "# shell: the member demo of the OpenStack lab\n" + "".join(f"export OS_{name}={value}\n" for name, value in variables.items())


def write(settings: Settings) -> list[Path]:
    rc = settings.home / "openrc"
    write_private(settings.clouds, clouds(settings))
    write_private(rc, openrc(settings))
    return [settings.clouds, rc]
