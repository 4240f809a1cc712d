from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from pcloud.client import Client
from pcloud.records.requests import Problem
from tests.api.specs import upload

pytestmark = pytest.mark.real

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def raw(contracted: Client) -> Iterator[httpx.Client]:
    contracted.create(upload())
    transport = httpx.HTTPTransport(uds=str(contracted.socket_path))
    with httpx.Client(transport=transport, trust_env=False, base_url="http://pcloud", timeout=20) as made:
        yield made


ODD = "a b.c ~%ü☃" + "x" * 200


CASES: list[tuple[str, str, bytes | None, int]] = [
    ("GET", "/", None, 404),
    ("GET", "/v1/nothing", None, 404),
    ("GET", "/v1/deployables/blog/", None, 404),
    ("GET", "/v1/deployables/nobody", None, 404),
    ("GET", f"/v1/deployables/{ODD}", None, 404),
    ("GET", f"/v1/deployables/blog/assemblies/{ODD}/ssh", None, 404),
    ("GET", f"/v1/explanations?target={ODD}/b/c/d", None, 404),
    ("GET", "/v1/deployables/%00%ff", None, 404),
    ("PUT", "/v1/deployables", None, 405),
    ("POST", "/v1/events/stream", None, 405),
    ("DELETE", "/v1/openapi.json", None, 405),
    ("POST", "/v1/check", b"{", 422),
    ("POST", "/v1/check", b"\xff", 400),
    ("POST", "/v1/check", b"[]", 422),
    ("POST", "/v1/check", b'{"source": 1, "path": "x"}', 422),
    ("POST", "/v1/check", b'{"source": "deployable: \\ud800", "path": "x"}', 422),
    ("POST", "/v1/check", b"[" * 100_000, 400),
    ("POST", "/v1/deployables/blog/pause", b'{"owner": "ann", "seconds": true}', 422),
    ("GET", "/v1/events?since=yesterday", None, 422),
    ("GET", "/v1/events?since=5", None, 422),
    ("GET", "/v1/events?after=-1", None, 422),
    ("GET", "/v1/events/stream?after=x", None, 422),
    ("DELETE", "/v1/deployables/blog?volumes=perhaps", None, 422),
]


def test_every_error_is_a_problem(raw: httpx.Client) -> None:
    for method, path, body, status in CASES:
        answer = raw.request(method, path, content=body, headers=JSON if body else None)
        said = (method, path[:60], answer.status_code, answer.headers.get("content-type"))
        assert said[2:] == (status, "application/problem+json"), said
        problem = Problem.model_validate_json(answer.content)
        assert (problem.status, bool(problem.title), bool(problem.detail)) == (status, True, True), said


def test_a_method_that_is_not_there_is_told_which_are(raw: httpx.Client) -> None:
    assert raw.put("/v1/deployables").headers["allow"] == "GET, POST"
    assert raw.put("/v1/deployables/blog").headers["allow"] == "DELETE, GET"
    assert raw.put("/v1/openapi.json").headers["allow"] == "GET"
