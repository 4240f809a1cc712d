"""What a cloud must have before anybody can start a server in it: flavours, a network, images, and one project with a small quota."""

from __future__ import annotations

from pathlib import Path

from openstack_lab.rest import Session
from openstack_lab.settings import GUESTS, PHYSICAL, Settings

# Name: MiB of memory, GiB of disk. None has disk 0, which Nova refuses to ordinary users.
FLAVORS = {"lab.tiny": (64, 1), "lab.small": (512, 2), "lab.medium": (1024, 4)}
NETWORK, SUBNET = "provider", "lab"
BLANK_IMAGE, GUEST_IMAGE = "blank", "debian"
BLANK = bytes(1024**2)  # enough for the fake hypervisor, which never reads it
# Enough for one server with one volume, and for a second to be refused for its memory.
SMALL_SERVERS = {"instances": 2, "cores": 2, "ram": 768}
SMALL_VOLUMES = {"volumes": 1, "gigabytes": 2}
SMALL_PORTS = {"port": 2}
# no_timer_check: on a loaded machine an emulated timer is late, and the kernel would give up at once.
KERNEL = "root=/dev/vda rw console=ttyS0 quiet mitigations=off no_timer_check"


def flavors(session: Session, settings: Settings) -> None:
    for name, (memory, disk) in FLAVORS.items():
        body = {"name": name, "id": name, "ram": memory, "vcpus": 1, "disk": disk}
        session.call("POST", settings.url("nova") + "/v2.1/flavors", {"flavor": body})


def network(session: Session, settings: Settings) -> None:
    """Shared by everybody; the first addresses are left to this machine."""
    base = settings.url("neutron") + "/v2.0"
    flat = {"provider:network_type": "flat", "provider:physical_network": PHYSICAL}
    made = session.call("POST", f"{base}/networks", {"network": {"name": NETWORK, "shared": True, "port_security_enabled": True, **flat}})
    addresses = [{"start": str(GUESTS[10]), "end": str(GUESTS[250])}]
    wanted = {"cidr": str(GUESTS), "gateway_ip": settings.gateway, "enable_dhcp": False, "allocation_pools": addresses}
    body = {"network_id": made["network"]["id"], "name": SUBNET, "ip_version": 4, **wanted}
    session.call("POST", f"{base}/subnets", {"subnet": body})


def blank_image(session: Session, settings: Settings) -> None:
    image(session, settings, BLANK_IMAGE, "raw", BLANK)


def guest_image(session: Session, settings: Settings) -> None:
    """Kernel and initial RAM disk beside the disk, as one boots without a boot loader."""
    kernel = image(session, settings, f"{GUEST_IMAGE}-kernel", "aki", settings.guest / "vmlinuz")
    ramdisk = image(session, settings, f"{GUEST_IMAGE}-ramdisk", "ari", settings.guest / "initrd.img")
    boot = {"kernel_id": kernel, "ramdisk_id": ramdisk, "os_command_line": KERNEL, "hw_rng_model": "virtio", "hw_video_model": "none"}
    image(session, settings, GUEST_IMAGE, "qcow2", settings.guest / "guest.qcow2", **boot)


def image(session: Session, settings: Settings, name: str, kind: str, content: bytes | Path, **properties: str) -> str:
    base = settings.url("glance") + "/v2/images"
    container = kind if kind in ("aki", "ari") else "bare"
    body = {"name": name, "disk_format": kind, "container_format": container, "visibility": "public", **properties}
    made = str(session.call("POST", base, body)["id"])
    session.call("PUT", f"{base}/{made}/file", content)
    return made


def small_quota(session: Session, settings: Settings) -> None:
    """For the project ``small``: refused is what goes over it, by each service in its own way."""
    listed = session.call("GET", f"{settings.keystone}/projects?name=small")["projects"]
    project = listed[0]["id"]
    session.call("PUT", f"{settings.url('nova')}/v2.1/os-quota-sets/{project}", {"quota_set": SMALL_SERVERS})
    session.call("PUT", f"{settings.url('neutron')}/v2.0/quotas/{project}", {"quota": SMALL_PORTS})
    if settings.cinder:
        session.call("PUT", f"{settings.url('cinder')}/v3/{session.project}/os-quota-sets/{project}", {"quota_set": SMALL_VOLUMES})
