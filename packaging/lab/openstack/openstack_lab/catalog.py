"""Keystone's content: service users, projects for people, the endpoints."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from openstack_lab.rest import Session
from openstack_lab.services.heat import DOMAIN, DOMAIN_ADMIN
from openstack_lab.services.keystone import FIRST_USER
from openstack_lab.settings import REGION, Settings

# Type, name and the path behind the service's address.
ENDPOINTS = {
    "nova": ("compute", "nova", "/v2.1"),
    "glance": ("image", "glance", ""),
    "placement": ("placement", "placement", ""),
    "neutron": ("network", "neutron", ""),
    "cinder": ("volumev3", "cinderv3", "/v3/%(project_id)s"),
    "heat": ("orchestration", "heat", "/v1/%(project_id)s"),
}
AT_ONCE = 4  # Keystone has eight threads
PEOPLE = ("demo", "small")  # each is a member of the project of the same name


class Catalog:
    """Fills an empty Keystone. Its first user makes ``admin`` and is removed by him.

    (To give the first user another password would be shorter, but for a second Keystone then refuses every new token of his as well.)
    """

    def __init__(self, settings: Settings, first_password: str) -> None:
        self._settings, self._url = settings, settings.keystone
        self.session = first = Session(self._url, FIRST_USER, first_password, "admin")
        self._roles = {role["name"]: role["id"] for role in first.call("GET", f"{self._url}/roles")["roles"]}
        admin = self._user("admin", settings.secrets.admin)
        self._grant(first.project, admin, "admin")
        first.call("PUT", f"{self._url}/system/users/{admin}/roles/{self._roles['admin']}")
        self.session = Session(self._url, "admin", settings.secrets.admin, "admin")
        self.session.call("DELETE", f"{self._url}/users/{first.user}")

    def fill(self, services: list[str]) -> None:
        """Seventy questions, each mostly waiting for an answer: a few at once."""
        if "service" not in self._roles:
            self._roles["service"] = self._make("role", name="service")
        project = self._make("project", name="service", domain_id="default")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            acts = [pool.submit(self._service, name, project) for name in ENDPOINTS if name in services]
            acts += [pool.submit(self._person, name) for name in PEOPLE]
            acts += [pool.submit(self._heat)] if "heat" in services else []
        for act in acts:
            act.result()

    def _service(self, name: str, project: str) -> None:
        user = self._user(name, self._settings.secrets.service)
        self._grant(project, user, "admin")
        self._grant(project, user, "service")
        self._endpoint(name)

    def _person(self, name: str) -> None:
        own = self._make("project", name=name, domain_id="default")
        self._grant(own, self._user(name, getattr(self._settings.secrets, name)), "member")

    def _heat(self) -> None:
        domain = self._make("domain", name=DOMAIN)
        admin = self._user(DOMAIN_ADMIN, self._settings.secrets.service, domain)
        self.session.call("PUT", f"{self._url}/domains/{domain}/users/{admin}/roles/{self._roles['admin']}")
        self._make("role", name="heat_stack_user")

    def _make(self, kind: str, **words: object) -> str:
        return str(self.session.call("POST", f"{self._url}/{kind}s", {kind: words})[kind]["id"])

    def _user(self, name: str, password: str, domain: str = "default") -> str:
        return self._make("user", name=name, password=password, domain_id=domain)

    def _grant(self, project: str, user: str, role: str) -> None:
        self.session.call("PUT", f"{self._url}/projects/{project}/users/{user}/roles/{self._roles[role]}")

    def _endpoint(self, name: str) -> None:
        kind, called, path = ENDPOINTS[name]
        service = self._make("service", type=kind, name=called)
        for interface in ("public", "internal", "admin"):
            url = self._settings.url(name) + path
            self._make("endpoint", interface=interface, region_id=REGION, service_id=service, url=url)
