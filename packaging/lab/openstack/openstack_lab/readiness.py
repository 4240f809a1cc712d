"""How it is seen that a daemon without an address of its own is at work: each looks once, and is looked with until it is true."""

from __future__ import annotations

import socket

from openstack_lab import tables
from openstack_lab.errors import LabError
from openstack_lab.rest import Session
from openstack_lab.settings import COMPUTE_HOST, INSIDE, MESSAGES_PORT, Settings


def messages() -> bool:
    """RabbitMQ opens its port when it is ready to serve."""
    try:
        socket.create_connection((INSIDE, MESSAGES_PORT), timeout=10).close()
    except OSError:
        return False
    return True


def database(settings: Settings) -> bool:
    try:
        tables.sql(settings, "select 1;")
    except LabError:
        return False
    return True


def network_agent(session: Session, settings: Settings) -> bool:
    """Neutron binds ports only for a host whose agent it has heard of."""
    agents = session.call("GET", settings.url("neutron") + "/v2.0/agents")["agents"]
    return any(agent["alive"] and agent["host"] == COMPUTE_HOST for agent in agents)


def compute_host(settings: Settings) -> bool:
    """Nova's scheduler sends nobody to a host that is in no cell."""
    return COMPUTE_HOST in tables.sql(settings, "select host from nova_api.host_mappings;").split()


def volume_services(session: Session, settings: Settings) -> bool:
    services = session.call("GET", f"{settings.url('cinder')}/v3/{session.project}/os-services")["services"]
    return {each["binary"] for each in services if each["state"] == "up"} >= {"cinder-scheduler", "cinder-volume"}


def hypervisor(settings: Settings) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as plug:
            plug.settimeout(10)
            plug.connect(str(settings.run / "libvirt-sock"))
    except OSError:
        return False
    return True
