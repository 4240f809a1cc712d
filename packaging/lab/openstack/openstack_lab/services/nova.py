"""Nova: servers. One cell, one host, which is Nova's fake hypervisor or QEMU's emulation under libvirt."""

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
from openstack_lab.settings import COMPUTE_HOST, PORTS, REGION, Settings

PASTE = "/usr/share/nova-common/api-paste.ini"

# Filled from the configuration at every look, so that the mapping holds no password and can be kept with the empty tables.
CELL_DATABASE = "{scheme}://{username}:{password}@{hostname}:{port}/%s?{query}"
CELL_MESSAGES = "{scheme}://{username}:{password}@{hostname}:{port}/"


def nova(settings: Settings) -> Service:
    main, tables, compute = (settings.etc / name for name in ("nova.conf", "nova-db.conf", "nova-compute.conf"))
    with_tables = ("--config-file", str(main), "--config-file", str(tables))
    modules = {"nova-conductor": "conductor", "nova-scheduler": "scheduler", "nova-api": "api", "nova-compute": "compute"}
    scripts = {program(settings, name): console_script(f"nova.cmd.{module}") for name, module in modules.items()}
    # nova-compute refuses to start where it sees a database: it has none, as on a host of its own.
    without_tables = ("--config-file", str(main), "--config-file", str(compute))

    def daemon(name: str, files: tuple[str, ...], port: int | None = None) -> Daemon:
        return Daemon(name, (str(program(settings, name)), *files), port=port)

    return Service(
        "nova",
        {
            main: ini(configuration(settings)),
            tables: ini({"api_database": database(settings, "nova_api"), "database": database(settings, "nova")}),
            compute: ini(fake() if settings.size == "fake" else libvirt(settings)),
            **scripts,
        },
        (
            daemon("nova-conductor", with_tables),
            daemon("nova-scheduler", with_tables),
            daemon("nova-api", with_tables, PORTS["nova"]),
            daemon("nova-compute", without_tables),
        ),
        ("nova_api", "nova", "nova_cell0"),
        schema(("nova-manage", *with_tables)),
    )


def schema(manage: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    cell0 = (*manage, "cell_v2", "map_cell0", "--database_connection", CELL_DATABASE % "nova_cell0")
    cell1 = (*manage, "cell_v2", "create_cell", "--name", "cell1", "--database_connection", CELL_DATABASE % "nova")
    return (*manage, "api_db", "sync"), cell0, (*manage, "db", "sync"), (*cell1, "--transport-url", CELL_MESSAGES)


def configuration(settings: Settings) -> dict[str, dict[str, object]]:
    return {
        "DEFAULT": {
            **logging(),
            "my_ip": settings.api,
            "host": COMPUTE_HOST,
            "state_path": settings.state / "nova",
            "instances_path": settings.state / "instances",
            "enabled_apis": "osapi_compute",
            "osapi_compute_listen": settings.api,
            "osapi_compute_workers": 1,
            "transport_url": messages(settings),
            "rpc_response_timeout": 120,  # a loaded machine is slow, not broken
            "instance_name_template": "lab-%08x",
            "reserved_host_memory_mb": 512,
            **dict.fromkeys(("cpu_allocation_ratio", "disk_allocation_ratio"), 16.0),
            "ram_allocation_ratio": 4.0,
            "force_config_drive": True,  # its network data carries the address: there is no DHCP
            "flat_injected": True,
            "sync_power_state_interval": 30,
            "periodic_fuzzy_delay": 0,  # else Nova waits for up to a minute, drawn by lot, before it looks for new hosts
            "resume_guests_state_on_host_boot": True,
        },
        "api": {"auth_strategy": "keystone", "max_limit": 1000},
        "wsgi": {"api_paste_config": PASTE},
        "conductor": {"workers": 1},
        # The interval is how long a new host may wait to be mapped to its cell; nova-manage would take longer to start.
        "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 2, "max_attempts": 1},
        "quota": dict.fromkeys(("instances", "cores", "ram", "key_pairs", "server_groups", "server_group_members"), -1),
        "glance": {"api_servers": settings.url("glance")},
        "placement": {**credentials(settings, "placement"), "valid_interfaces": "public"},
        "neutron": {**credentials(settings, "neutron"), "valid_interfaces": "public", "service_metadata_proxy": False},
        "cinder": {"os_region_name": REGION, "catalog_info": "volumev3:cinderv3:publicURL", **credentials(settings, "nova")},
        "vnc": {"enabled": False},
        "spice": {"enabled": False},
        "oslo_messaging_rabbit": RETRY,
        "oslo_concurrency": {"lock_path": settings.state / "lock"},
        "service_user": {"send_service_user_token": True, **credentials(settings, "nova")},
        "keystone_authtoken": token_check(settings, "nova"),
    }


def fake() -> dict[str, dict[str, object]]:
    return {"DEFAULT": {"compute_driver": "fake.FakeDriver"}}


def libvirt(settings: Settings) -> dict[str, dict[str, object]]:
    helper = f"privsep-helper --config-file {settings.etc / 'nova.conf'} --config-file {settings.etc / 'nova-compute.conf'}"
    contexts = ("nova_sys_admin", "vif_plug_linux_bridge_privileged", "privsep_osbrick")
    return {
        "DEFAULT": {
            "compute_driver": "libvirt.LibvirtDriver",
            "vif_plugging_timeout": 60,
            "force_raw_images": False,
        },
        "libvirt": {
            "virt_type": "qemu",
            "cpu_mode": "none",
            "connection_uri": f"qemu+unix:///system?socket={settings.run}/libvirt-sock",
            "images_type": "qcow2",
            "inject_partition": -2,
            "wait_soft_reboot_seconds": 30,
            "swtpm_enabled": False,
            "hw_disk_discard": "unmap",
            "disk_cachemodes": "file=unsafe",  # a guest's fsync need not reach the disk: the lab outlives no power cut
            "nfs_mount_point_base": settings.memory / "mounts" / "nova",
        },
        **{context: {"helper_command": helper} for context in contexts},  # without sudo and rootwrap: the lab is root already
    }
