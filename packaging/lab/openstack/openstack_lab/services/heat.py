"""Heat: stacks, for comparisons. Only where it is asked for."""

from __future__ import annotations

from openstack_lab.services.common import (
    RETRY,
    Daemon,
    Service,
    console_script,
    credentials,
    database,
    ini,
    logging,
    messages,
    program,
    token_check,
)
from openstack_lab.settings import PORTS, REGION, Settings

DOMAIN, DOMAIN_ADMIN = "heat", "heat_domain_admin"


def heat(settings: Settings) -> Service:
    path = settings.etc / "heat.conf"
    scripts = {program(settings, name): console_script(f"heat.cmd.{name.replace('heat-', '')}") for name in ("heat-api", "heat-engine")}
    arguments = ("--config-file", str(path))
    return Service(
        "heat",
        {path: ini(configuration(settings)), **scripts},
        (
            Daemon("heat-engine", (str(program(settings, "heat-engine")), *arguments)),
            Daemon("heat-api", (str(program(settings, "heat-api")), *arguments), port=PORTS["heat"]),
        ),
        ("heat",),
        (("heat-manage", *arguments, "db_sync"),),
    )


def configuration(settings: Settings) -> dict[str, dict[str, object]]:
    waiting = f"http://{settings.api}:8000"  # nobody listens: the lab's guests report nothing to Heat
    return {
        "DEFAULT": {
            **logging(),
            "transport_url": messages(settings),
            "num_engine_workers": 1,
            "heat_metadata_server_url": waiting,
            "heat_waitcondition_server_url": f"{waiting}/v1/waitcondition",
            "region_name_for_services": REGION,
            "stack_domain_admin": DOMAIN_ADMIN,
            "stack_domain_admin_password": settings.secrets.service,
            "stack_user_domain_name": DOMAIN,
            "auth_encryption_key": settings.secrets.heat_key,
        },
        "heat_api": {"bind_host": settings.api, "workers": 1},
        "paste_deploy": {"api_paste_config": "/etc/heat/api-paste.ini"},
        "database": database(settings, "heat"),
        "trustee": {
            name: value for name, value in credentials(settings, "heat").items() if "project" not in name and name != "region_name"
        },
        "clients_keystone": {"auth_uri": settings.url("keystone")},
        "oslo_messaging_rabbit": RETRY,
        "oslo_concurrency": {"lock_path": settings.state / "lock"},
        "keystone_authtoken": token_check(settings, "heat"),
    }
