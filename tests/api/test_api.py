from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from pcloud.client import Client
from pcloud.errors import NotFoundError, RefusedError
from pcloud.spec.problems import SpecError
from tests.api.serving import eventually
from tests.api.specs import BLOG, upload

pytestmark = pytest.mark.real


@pytest.fixture
def client(contracted: Client) -> Client:
    return contracted


def until(client: Client, name: str, state: str) -> None:
    eventually(lambda: client.status(name).state == state)


def test_the_daemon_says_who_it_is(client: Client) -> None:
    assert client.daemon().deployables == 0


def test_a_good_spec_is_named_and_not_registered(client: Client) -> None:
    assert client.check(upload()) == "blog"
    assert client.list_deployables() == []


def test_a_bad_spec_comes_back_with_its_places(client: Client) -> None:
    with pytest.raises(SpecError) as caught:
        client.create(upload("deployable: blog\nassemblies: [\n"))
    assert caught.value.problems[0].line == 3
    assert str(caught.value).startswith("blog.yaml:3:")
    assert caught.value.exit_code == 1


def test_a_new_deployable_is_stopped(client: Client) -> None:
    status = client.create(upload())
    assert (status.name, status.state, status.desired) == ("blog", "stopped", "stopped")
    assert [one.name for one in status.assemblies] == ["mysql", "web"]
    assert client.list_deployables()[0].assemblies == 2


def test_the_same_content_again_changes_nothing(client: Client) -> None:
    assert client.create(upload()).model_copy(update={"assemblies": []}) == client.create(upload()).model_copy(update={"assemblies": []})
    assert len(client.events(target="blog")) == 1


def test_another_content_under_the_same_name_is_refused(client: Client) -> None:
    client.create(upload())
    with pytest.raises(RefusedError) as caught:
        client.create(upload(BLOG + "# changed\n"))
    assert caught.value.exit_code == 4
    client.create(upload(BLOG + "# changed\n"), replace=True)


def test_a_started_deployable_becomes_healthy_and_a_stopped_one_stopped(client: Client) -> None:
    client.create(upload())
    assert client.start("blog").desired == "running"
    until(client, "blog", "healthy")
    assert client.status("blog").assemblies[0].instance is not None
    assert client.stop("blog").desired == "stopped"
    until(client, "blog", "stopped")


def test_only_a_stopped_deployable_is_deleted(client: Client) -> None:
    client.create(upload())
    client.start("blog")
    with pytest.raises(RefusedError) as caught:
        client.delete("blog")
    assert caught.value.cure
    client.stop("blog")
    until(client, "blog", "stopped")
    client.delete("blog", volumes=True)
    assert client.list_deployables() == []


UNKNOWN: list[Callable[[Client], object]] = [
    lambda client: client.status("nobody"),
    lambda client: client.start("nobody"),
    lambda client: client.stop("nobody"),
    lambda client: client.delete("nobody"),
    lambda client: client.reboot("nobody", "web"),
    lambda client: client.reboot("blog", "nobody"),
    lambda client: client.relaunch("blog", "nobody"),
    lambda client: client.restart("blog", "web", "nobody"),
    lambda client: client.ssh_target("blog", "nobody"),
    lambda client: client.spec("nobody"),
    lambda client: client.effective("nobody"),
    lambda client: client.facts("nobody"),
    lambda client: client.explanations("nobody"),
    lambda client: client.explanations("blog/nobody"),
    lambda client: client.explanations("blog/web/nobody"),
    lambda client: client.explanations("blog/web/php/more"),
    lambda client: client.status("../daemon"),
    lambda client: client.status("blog/assemblies?x=#"),
]


def test_what_is_unknown_is_not_found(client: Client) -> None:
    client.create(upload())
    for ask in UNKNOWN:
        with pytest.raises(NotFoundError) as caught:
            ask(client)
        assert caught.value.exit_code == 3


def test_targets_are_acted_on_by_hand(client: Client) -> None:
    client.create(upload())
    client.start("blog")
    until(client, "blog", "healthy")
    client.restart("blog", "mysql", "mysqld")
    until(client, "blog", "healthy")
    client.reboot("blog", "mysql")
    until(client, "blog", "healthy")
    before = client.status("blog").assemblies[0].instance
    client.relaunch("blog", "mysql")
    until(client, "blog", "healthy")
    after = client.status("blog").assemblies[0].instance
    assert before is not None
    assert after is not None
    assert after.generation == before.generation + 1


def test_a_registered_spec_is_shown_as_it_was_sent_and_as_what_it_comes_to(client: Client) -> None:
    client.create(upload())
    assert client.spec("blog").upload == upload()
    found = client.effective("blog")
    assert (found.name, found.path) == ("blog", "blog.yaml")
    assert [one.target for one in found.targets] == ["blog", "blog/mysql", "blog/mysql/mysqld", "blog/web", "blog/web/php"]
    (interval,) = [one for one in found.targets[2].settings if one.key == "monitor.interval"]
    assert (interval.value, interval.source, interval.line) == (0.2, "deployable", 4)


def test_decisions_are_explained_by_target(client: Client) -> None:
    client.create(upload())
    assert client.explanations("blog/web/php") == []
    client.start("blog")
    until(client, "blog", "healthy")
    client.reboot("blog", "mysql")
    until(client, "blog", "healthy")
    for target in ("blog", "blog/mysql"):
        (told,) = client.explanations(target)
        record = told.decision.record
        assert record is not None
        assert (told.decision.assembly, record.action, record.rule, told.decision.decision) == ("mysql", "reboot", "manual", record.id)
    assert all(one.decision.assembly == "web" for one in client.explanations("blog/web", last=100))
    seqs = [one.decision.seq for one in client.explanations("blog", last=100)]
    assert seqs == sorted(seqs)


def test_logging_in_needs_an_instance(client: Client) -> None:
    client.create(upload())
    with pytest.raises(RefusedError):
        client.ssh_target("blog", "web")
    client.start("blog")
    until(client, "blog", "healthy")
    assert client.ssh_target("blog", "web").host_key.startswith("ssh-")


def test_events_are_paged_filtered_and_cut_by_time(client: Client) -> None:
    client.create(upload())
    client.start("blog")
    until(client, "blog", "healthy")
    client.stop("blog")
    until(client, "blog", "stopped")  # what is healthy may still have something to say
    everything = client.events(limit=1000)
    assert [one.seq for one in everything] == sorted(one.seq for one in everything)
    assert client.events(limit=2) == everything[:2]
    assert client.events(limit=2, last=True) == everything[-2:]
    assert client.events(after=everything[1].seq, limit=1000) == everything[2:]
    assert {one.assembly for one in client.events(target="blog/web", limit=1000)} == {"web"}
    assert client.events(target="blo") == []
    kind = everything[0].kind
    assert client.events(kind=kind, limit=1000) == [one for one in everything if one.kind == kind]
    assert client.events(kind="nothing") == []
    assert client.events(since=everything[-1].at + timedelta(seconds=1)) == []


def test_facts_begin_with_the_deployable_and_are_paged(client: Client) -> None:
    client.create(upload())
    client.start("blog")
    everything = client.facts("blog", limit=1000)
    assert everything[0].kind == "StateMade"
    assert "OperatorAsked" in [one.kind for one in everything]
    assert [one.seq for one in everything] == sorted({one.seq for one in everything})
    assert client.facts("blog", limit=2) == everything[:2]
    assert client.facts("blog", after=everything[0].seq, limit=1) == everything[1:2]


def test_the_spec_comes_back_as_it_was_sent(client: Client) -> None:
    client.create(upload())
    assert client.spec("blog").upload == upload()


def test_a_seq_that_no_store_can_hold_is_refused(client: Client) -> None:
    most = 2**63 - 1
    raw = httpx.Client(transport=httpx.HTTPTransport(uds=str(client.socket_path)), trust_env=False)
    with raw:
        assert raw.get("http://pcloud/v1/events", params={"after": most}).json() == []
        for answer in (
            raw.get("http://pcloud/v1/events", params={"after": most + 1}),
            raw.get("http://pcloud/v1/events/stream", params={"after": most + 1}),
            raw.get("http://pcloud/v1/events/stream", headers={"Last-Event-ID": str(most + 1)}),
        ):
            assert answer.status_code == 422
            assert answer.headers["content-type"] == "application/problem+json"


def test_an_error_is_a_problem_on_the_wire(client: Client) -> None:
    raw = httpx.Client(transport=httpx.HTTPTransport(uds=str(client.socket_path)), trust_env=False)
    with raw:
        missing = raw.get("http://pcloud/v1/deployables/nobody")
        wrong = raw.get("http://pcloud/v1/events", params={"limit": "many"})
        nowhere = raw.get("http://pcloud/v1/nothing")
        contract = raw.get("http://pcloud/v1/openapi.json")
    for answer, status, code in ((missing, 404, 3), (wrong, 422, 2), (nowhere, 404, 3)):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["exit_code"] == code
        assert answer.json()["status"] == status
    assert "Problem" in contract.json()["components"]["schemas"]
    assert "FactRecord" in contract.json()["components"]["schemas"]
    assert "EventRecord" in contract.json()["components"]["schemas"]
