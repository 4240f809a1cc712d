from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pcloud.client import Client
from tests.api.specs import BLOG, upload

pytestmark = pytest.mark.real


@pytest.fixture
def raw(contracted: Client) -> Iterator[httpx.Client]:
    transport = httpx.HTTPTransport(uds=str(contracted.socket_path))
    with httpx.Client(transport=transport, trust_env=False, base_url="http://pcloud", timeout=20) as made:
        yield made


def pages(raw: httpx.Client, path: str) -> Iterator[list[Any]]:
    """The bodies of all pages, from link to link."""
    while path:
        answer = raw.get(path)
        assert answer.status_code == 200
        yield answer.json()
        path = answer.links["next"]["url"] if answer.links else ""


def test_deployables_come_in_pages_that_links_join(contracted: Client, raw: httpx.Client) -> None:
    names = [f"blog{number}" for number in range(5)]
    for name in reversed(names):
        contracted.create(upload(BLOG.replace("deployable: blog", f"deployable: {name}")))
    found = list(pages(raw, "/v1/deployables?limit=2"))
    assert [[one["name"] for one in page] for page in found] == [names[:2], names[2:4], names[4:]]
    assert list(pages(raw, "/v1/deployables?limit=5")) == [[*found[0], *found[1], *found[2]]]  # no link to an empty page


def test_what_comes_and_goes_meanwhile_neither_hides_nor_doubles_another(contracted: Client, raw: httpx.Client) -> None:
    for name in ("b", "c", "d"):
        contracted.create(upload(BLOG.replace("deployable: blog", f"deployable: {name}")))
    coming = pages(raw, "/v1/deployables?limit=2")
    assert [one["name"] for one in next(coming)] == ["b", "c"]
    contracted.create(upload(BLOG.replace("deployable: blog", "deployable: a")))
    contracted.delete("b")
    assert [one["name"] for one in next(coming)] == ["d"]


@pytest.mark.parametrize("path", ["/v1/events?target=blog", "/v1/deployables/blog/facts?"])
def test_events_and_facts_come_in_pages_that_keep_what_was_asked_for(contracted: Client, raw: httpx.Client, path: str) -> None:
    contracted.create(upload())
    contracted.start("blog")
    contracted.stop("blog")
    contracted.create(upload(BLOG.replace("deployable: blog", "deployable: other")))
    seqs = [[one["seq"] for one in page] for page in pages(raw, f"{path}&limit=1")]
    assert len(seqs) > 1
    assert all(len(page) == 1 for page in seqs)
    answer = raw.get(f"{path}&limit=1000").json()
    assert [one["seq"] for one in answer][: len(seqs)] == [page[0] for page in seqs]
    assert {one["deployable"] for one in answer} == {"blog"}


def test_the_newest_events_lead_nowhere(contracted: Client, raw: httpx.Client) -> None:
    contracted.create(upload())
    contracted.start("blog")
    assert not raw.get("/v1/events?last=true&limit=1").links


def test_the_client_reads_all_pages(contracted: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pcloud.client.client.MOST", 2)
    for name in ("b", "c", "d", "e", "a"):
        contracted.create(upload(BLOG.replace("deployable: blog", f"deployable: {name}")))
    assert [one.name for one in contracted.list_deployables()] == ["a", "b", "c", "d", "e"]


def test_everything_that_has_a_name_is_listed_as_a_tree_by_beginning_name_and_depth(contracted: Client, raw: httpx.Client) -> None:
    contracted.create(upload())
    contracted.create(upload(BLOG.replace("deployable: blog", "deployable: blog-2")))  # a hyphen sorts before a slash
    tree = ["", "/mysql", "/mysql/mysqld", "/web", "/web/php"]
    everything = [f"blog{end}" for end in tree] + [f"blog-2{end}" for end in tree]
    assert [one.target for one in contracted.targets()] == everything
    assert {one.state for one in contracted.targets(depth=1)} == {"stopped"}
    assert [one["target"] for page in pages(raw, "/v1/targets?limit=3") for one in page] == everything
    assert [one.target for one in contracted.targets(prefix="blog/w")] == ["blog/web", "blog/web/php"]
    assert [one.target for one in contracted.targets(prefix="blog", depth=2)] == ["blog/mysql", "blog/web", "blog-2/mysql", "blog-2/web"]
    assert [one.target for one in contracted.targets(name="php")] == ["blog/web/php", "blog-2/web/php"]
    assert contracted.targets(prefix="nobody") == contracted.targets(name="nobody") == []
