"""Adopting over the wire: the same refusals of the stand-in and the real daemon."""

from __future__ import annotations

import pytest

from pcloud.client import Client
from pcloud.errors import NotFoundError, PcloudError, RefusedError
from pcloud.records.adopting import AdoptRequest
from tests.api.memory_adoptions import HOST_KEY
from tests.api.memory_controller import MemoryController
from tests.api.specs import upload

pytestmark = pytest.mark.real

REQUEST = AdoptRequest(owner="ann", instance="nobody")


def test_what_is_unknown_is_not_found(contracted: Client) -> None:
    contracted.create(upload())
    for name, assembly in (("nobody", "web"), ("blog", "nobody"), ("blog", "web")):
        for ask in (contracted.look_at, contracted.adopt):
            with pytest.raises(NotFoundError):
                ask(name, assembly, REQUEST)
    assert [each.instance for each in contracted.status("blog").assemblies] == [None, None]


def test_a_machine_is_looked_at_first_and_adopted_with_a_host_key_that_somebody_vouches_for(
    client: Client, controller: MemoryController
) -> None:
    client.create(upload())
    controller.adoptions.machines.add("i-7")
    request = AdoptRequest(owner="ann", instance="i-7")
    found = client.look_at("blog", "web", request)
    assert (found.instance, found.key_source, found.host_key) == ("i-7", "offered", HOST_KEY)
    with pytest.raises(RefusedError, match="nobody vouches"):
        client.adopt("blog", "web", request)
    client.adopt("blog", "web", request.model_copy(update={"host_key": found.host_key}))
    assert controller.adoptions.adopted == {"blog/web": "i-7"}


def test_what_is_no_host_key_is_refused_with_what_would_be_one(client: Client, controller: MemoryController) -> None:
    client.create(upload())
    controller.adoptions.machines.add("i-7")
    for nonsense in ("xyzzy", "ssh-ed25519 AAAA", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"):
        with pytest.raises(RefusedError, match="no SSH host key") as refused:
            client.look_at("blog", "web", AdoptRequest(owner="ann", instance="i-7", host_key=nonsense))
        assert "ssh-ed25519 AAAA" in refused.value.cure


def test_no_id_is_a_mistake(client: Client) -> None:
    client.create(upload())
    with pytest.raises(PcloudError):
        client.look_at("blog", "web", AdoptRequest.model_construct(owner="ann", instance=""))
