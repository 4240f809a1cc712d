"""Pages over TLS, from the controller and from inside the machine: verified, or with the key of a pinned certificate."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agents.probes import inside_probes
from pcloud.model.plan import Check, HttpCheck, ResourcePlan
from pcloud.model.ports import ContactSeen
from pcloud.model.words import Origin, Verdict
from tests.agents.certificates import Certificate, certificate
from tests.agents.machine import Machine
from tests.agents.services import page, serving
from tests.agents.sightings import plan, watching

pytestmark = pytest.mark.real


@dataclass(frozen=True)
class Site:
    """A page behind a certificate that nobody has signed but itself."""

    url: str
    own: Certificate
    other: Certificate


@pytest.fixture
async def site(machine: Machine, tmp_path: Path) -> AsyncIterator[Site]:
    own, other = (certificate(tmp_path, name, machine.address) for name in ("own", "other"))
    async with serving(machine.address, page("<title>Shop</title>"), tls=own.context) as port:
        yield Site(f"https://{machine.address}:{port}/", own, other)


@pytest.mark.parametrize("origin", list(Origin))
async def test_a_page_passes_by_the_pinned_key_alone(machine: Machine, site: Site, origin: Origin) -> None:
    pinned = HttpCheck(site.url, 200, "<title>Shop", site.own.pem)
    wanted = (pinned, replace(pinned, certificate=site.other.pem), replace(pinned, certificate=""), replace(pinned, contains="Shoes"))
    checks = tuple(Check(str(key), what, interval=0.2, timeout=5.0, origin=origin) for key, what in enumerate(wanted))
    async with watching(machine, plan(ResourcePlan("site", None, checks))) as (_, sightings):
        await sightings.probe(Verdict.PASSED, key="0")
        assert "pinned" in (await sightings.probe(Verdict.MISSED, key="1")).reason
        assert "self-signed certificate" in (await sightings.probe(Verdict.MISSED, key="2")).reason
        assert (await sightings.probe(Verdict.MISSED, key="3")).reason == "the answer lacks: Shoes"


async def test_a_pinned_certificate_may_be_over_and_be_for_another_name(machine: Machine, tmp_path: Path) -> None:
    old = certificate(tmp_path, "old", "127.255.0.1", days=-5)
    async with serving(machine.address, page("x"), tls=old.context) as port:
        what = HttpCheck(f"https://{machine.address}:{port}/", certificate=old.pem)
        checks = tuple(Check(str(origin), what, interval=0.2, origin=origin) for origin in Origin)
        async with watching(machine, plan(ResourcePlan("site", None, checks))) as (_, sightings):
            for origin in Origin:
                await sightings.probe(Verdict.PASSED, key=str(origin))


async def test_an_authority_that_the_system_trusts_is_believed(machine: Machine, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(site.own.file))  # where OpenSSL looks for the controller's own
    what = HttpCheck(site.url, 200, "Shop")
    outside = ResourcePlan("site", None, (Check("own", what, interval=0.2, origin=Origin.CONTROLLER),))
    async with watching(machine, plan(outside)) as (agent, sightings):
        await sightings.probe(Verdict.PASSED, key="own")
        await sightings.first(ContactSeen)
        (inside,) = inside_probes(plan(ResourcePlan("site", None, (Check("own", what),))))
        ran = await agent.execute(inside.snippet, {"CURL_CA_BUNDLE": str(site.own.file)}, 10)  # likewise for the machine's curl
        assert ran.ok, ran


async def test_without_curl_a_pinned_page_is_unknown_and_says_what_to_install(machine: Machine, site: Site) -> None:
    place = machine.root / "tools"
    place.mkdir()
    for name in ("sh", "bash", "wget", "head", "tr", "cat", "sed"):
        (place / name).symlink_to(str(shutil.which(name)))
    async with watching(machine, plan()) as (agent, sightings):
        await sightings.first(ContactSeen)
        (probe,) = inside_probes(plan(ResourcePlan("site", None, (Check("own", HttpCheck(site.url, certificate=site.own.pem)),))))
        ran = await agent.execute(f"PATH={place}\n{probe.snippet}", {}, 10)
        assert (ran.status, ran.output.strip()) == (97, f"cannot look at {site.url}: install curl in the machine")
