"""Which stages a lab is brought up in, and which need which. Reads as the order; what each does is said elsewhere.

Processors are what is short: every daemon costs two to four seconds of one only to be read in. So whatever can be started is started, and a
stage that only waits for an answer is waited for by those alone that talk to it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from openstack_lab import content, readiness, tables
from openstack_lab.catalog import Catalog
from openstack_lab.commands import run
from openstack_lab.processes import Daemons
from openstack_lab.rest import Session
from openstack_lab.services.common import Daemon, Service
from openstack_lab.services.mariadb import install
from openstack_lab.settings import Settings
from openstack_lab.stages import Stage

TABLES, MESSAGES, PEOPLE = "mariadb: ready", "rabbitmq: ready", "keystone: users and endpoints"
NETWORKS = "neutron-linuxbridge-agent: alive"
LATER = (TABLES, "keystone: answers")


class Plan:
    """The stages of one lab; ``stages`` is to be run from within its room."""

    def __init__(self, settings: Settings, services: dict[str, Service], kept: tables.Image) -> None:
        self._settings, self._services, self._kept = settings, services, kept
        self._daemons = Daemons(settings)
        self._by_name = {daemon.name: daemon for service in services.values() for daemon in service.daemons}
        self._catalog: Catalog | None = None
        self._password = ""

    def stages(self) -> list[Stage]:
        first = self._tables_kept() if self._kept.exists() else self._tables_made()
        return [*first, Stage(MESSAGES, self._messages), *self._apis(), *self._workers(), *self._contents(), *self._full()]

    # Databases

    def _tables_kept(self) -> list[Stage]:
        return [
            Stage("mariadb: empty tables copied", self._copy),
            Stage(TABLES, self._database, ("mariadb: empty tables copied",)),
        ]

    def _tables_made(self) -> list[Stage]:
        with_tables = [service for service in self._services.values() if service.schema]
        making = [Stage(f"{each.name}: tables", partial(tables.make, self._settings, each), ("mariadb: started",)) for each in with_tables]
        return [
            Stage("mariadb: installed", lambda: self._command(install(self._settings), "mariadb-install")),
            Stage("mariadb: started", self._database, ("mariadb: installed",)),
            *making,
            Stage("keystone: first user", self._first_user, ("keystone: tables",)),
            Stage(TABLES, self._keep, (*(stage.name for stage in making), "keystone: first user")),
        ]

    def _copy(self) -> None:
        tables.copy(self._kept, self._settings)
        self._password = self._kept.password

    def _database(self) -> None:
        self._daemons.start(self._by_name["mariadb"])
        self._daemons.until("mariadb", lambda: readiness.database(self._settings), "an answer")
        tables.open_to_services(self._settings, [name for service in self._services.values() for name in service.databases])

    def _first_user(self) -> None:
        self._password = tables.first_user(self._settings)

    def _keep(self) -> None:
        tables.sql(self._settings, "shutdown;")
        self._daemons.until_ended("mariadb")
        tables.keep(self._kept, self._settings, self._password)
        self._database()

    def _command(self, argv: tuple[str, ...], log: str) -> None:
        run(*argv, log=self._settings.logs / f"{log}.log")

    def _messages(self) -> None:
        self._daemons.start(self._by_name["rabbitmq"])
        self._daemons.until("rabbitmq", readiness.messages, "an open port")

    # Daemons

    def _apis(self) -> list[Stage]:
        """Those that answer HTTP. The two that the longest chains begin with have the processors to themselves at first."""
        first = ("keystone", "neutron-server")
        found = [daemon for daemon in self._by_name.values() if daemon.port is not None]
        stages = [
            Stage(f"{daemon.name}: answers", partial(self._answering, daemon), (TABLES,) if daemon.name in first else LATER)
            for daemon in found
        ]
        return [*stages, Stage(PEOPLE, self._people, ("keystone: answers",))]

    def _workers(self) -> list[Stage]:
        stages = [
            self._started("nova-conductor", PEOPLE),  # it and the scheduler end where they find no catalog
            self._started("nova-scheduler", PEOPLE),
            self._started("neutron-linuxbridge-agent", MESSAGES, "neutron-server: answers"),
            Stage(NETWORKS, self._agent_alive, ("neutron-linuxbridge-agent: started", PEOPLE)),
            self._started("nova-compute", MESSAGES, "nova-conductor: started", "placement: answers", PEOPLE, *self._hypervisor()),
            Stage("nova-compute: mapped to its cell", self._mapped, ("nova-compute: started", "nova-scheduler: started")),
        ]
        if self._settings.cinder:
            names = ("cinder-scheduler", "cinder-volume")
            stages += [self._started(name, *LATER) for name in names]
            needs = (*(f"{name}: started" for name in names), "cinder-api: answers", PEOPLE)
            stages.append(Stage("cinder-volume: up", self._volumes_up, needs))
        if self._settings.heat:
            stages.append(self._started("heat-engine", MESSAGES, PEOPLE))
        return stages

    def _started(self, name: str, *needs: str) -> Stage:
        return Stage(f"{name}: started", partial(self._daemons.start, self._by_name[name]), needs)

    def _hypervisor(self) -> tuple[str, ...]:
        return ("libvirtd: ready",) if self._settings.size == "full" else ()

    def _answering(self, daemon: Daemon) -> None:
        self._daemons.start(daemon)
        self._daemons.until_answers(daemon)

    def _agent_alive(self) -> None:
        seen = partial(readiness.network_agent, self._session(), self._settings)
        self._daemons.until("neutron-linuxbridge-agent", seen, "Neutron's word that it is alive")

    def _mapped(self) -> None:
        self._daemons.until("nova-compute", partial(readiness.compute_host, self._settings), "a host in the cell")

    def _volumes_up(self) -> None:
        seen = partial(readiness.volume_services, self._session(), self._settings)
        self._daemons.until("cinder-volume", seen, "Cinder's word that it is up")

    def _libvirt(self) -> None:
        self._daemons.start(self._by_name["libvirtd"])
        self._daemons.until("libvirtd", partial(readiness.hypervisor, self._settings), "an open socket")

    # What is in it

    def _contents(self) -> list[Stage]:
        quota = ("nova-api: answers", "neutron-server: answers", *(("cinder-api: answers",) if self._settings.cinder else ()))
        return [
            self._content("nova: flavours", content.flavors, "nova-api: answers"),
            self._content("neutron: network", content.network, "neutron-server: answers"),
            self._content("glance: blank image", content.blank_image, "glance-api: answers"),
            self._content("small: quota", content.small_quota, *quota),
        ]

    def _full(self) -> list[Stage]:
        if self._settings.size != "full":
            return []
        return [
            Stage("libvirtd: ready", self._libvirt),
            self._content("glance: guest image", content.guest_image, "glance-api: answers"),
        ]

    def _content(self, name: str, act: Callable[[Session, Settings], None], *needs: str) -> Stage:
        return Stage(name, lambda: act(self._session(), self._settings), (PEOPLE, *needs))

    def _session(self) -> Session:
        if self._catalog is None:
            raise RuntimeError("asked before Keystone was filled")
        return self._catalog.session

    def _people(self) -> None:
        self._catalog = Catalog(self._settings, self._password)
        self._catalog.fill(list(self._services))
