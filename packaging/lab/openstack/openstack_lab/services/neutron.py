"""Neutron: one flat network that everybody shares, on a Linux bridge in the lab's room.

Addresses come by config drive: there is no agent for DHCP, routing or metadata.
"""

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
from openstack_lab.settings import COMPUTE_HOST, PHYSICAL, PORTS, Settings

PASTE = "/usr/share/neutron-common/api-paste.ini"


def neutron(settings: Settings) -> Service:
    main, ml2, bridge = (settings.etc / name for name in ("neutron.conf", "ml2.ini", "linuxbridge.ini"))
    server, agent = program(settings, "neutron-server"), program(settings, "neutron-linuxbridge-agent")
    files = ("--config-file", str(main), "--config-file", str(ml2))
    return Service(
        "neutron",
        {
            main: ini(configuration(settings)),
            ml2: ini(LAYER_2),
            bridge: ini(AGENT),
            server: console_script("neutron.cmd.eventlet.server"),
            agent: console_script("neutron.cmd.eventlet.plugins.linuxbridge_neutron_agent"),
        },
        (
            Daemon("neutron-server", (str(server), *files), port=PORTS["neutron"]),
            Daemon("neutron-linuxbridge-agent", (str(agent), "--config-file", str(main), "--config-file", str(bridge))),
        ),
        ("neutron",),
        (("neutron-db-manage", *files, "upgrade", "heads"),),
    )


# noop: the network's guests are the lab's own, and the packet filter would need conntrack zones that the kernel may lack.
FILTER: dict[str, object] = {"enable_security_group": True, "firewall_driver": "noop"}

LAYER_2: dict[str, dict[str, object]] = {
    "ml2": {
        "type_drivers": "flat,local",
        "tenant_network_types": "",
        "mechanism_drivers": "linuxbridge",
        "extension_drivers": "port_security",
    },
    "ml2_type_flat": {"flat_networks": PHYSICAL},
    "securitygroup": FILTER,
}

AGENT: dict[str, dict[str, object]] = {
    "linux_bridge": {"physical_interface_mappings": f"{PHYSICAL}:{PHYSICAL}"},
    "vxlan": {"enable_vxlan": False},
    "securitygroup": FILTER,
    "agent": {"polling_interval": 1},  # seconds until a guest's interface is seen: part of every server's start
}


def configuration(settings: Settings) -> dict[str, dict[str, object]]:
    main = settings.etc / "neutron.conf"
    return {
        "DEFAULT": {
            **logging(),
            "bind_host": settings.api,
            "host": COMPUTE_HOST,  # the agent's, the same as nova-compute's: ports are bound by it
            "core_plugin": "ml2",
            "service_plugins": "router",  # routers and floating addresses as records: nothing routes
            "auth_strategy": "keystone",
            "api_workers": 1,
            "rpc_workers": 1,
            "rpc_state_report_workers": 0,
            "state_path": settings.state / "neutron",
            "api_paste_config": PASTE,
            "transport_url": messages(settings),
            "dhcp_agent_notification": False,
            "notify_nova_on_port_status_changes": True,
            "notify_nova_on_port_data_changes": True,
        },
        "agent": {"root_helper": "env", "report_interval": 5},
        "experimental": {"linuxbridge": True},
        "database": database(settings, "neutron"),
        "nova": credentials(settings, "nova"),
        "placement": credentials(settings, "placement"),
        "oslo_messaging_rabbit": RETRY,
        "oslo_concurrency": {"lock_path": settings.state / "lock"},
        "quotas": {"quota_port": -1, "quota_security_group": -1},  # the project with a small quota has its own
        "privsep": {"helper_command": f"privsep-helper --config-file {main}"},
        "keystone_authtoken": token_check(settings, "neutron"),
    }
