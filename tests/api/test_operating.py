"""What operators say of recoveries, over the wire: the same for the stand-in and the real daemon."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from pcloud.client import Client
from pcloud.errors import NotFoundError, RefusedError
from pcloud.records.operating import AnswerRequest, ConfirmRequest, PauseRequest, ResumeRequest, TakeoverRequest, TargetRequest
from tests.api.specs import upload

pytestmark = pytest.mark.real

Ask = Callable[[Client, str, str], object]

ALL: dict[str, Ask] = {
    "pause": lambda client, name, assembly: client.pause(name, PauseRequest(owner="ann", assembly=assembly)),
    "resume": lambda client, name, assembly: client.resume(name, ResumeRequest(owner="ann", assembly=assembly)),
    "approve": lambda client, name, assembly: client.approve(name, AnswerRequest(owner="ann", assembly=assembly)),
    "deny": lambda client, name, assembly: client.deny(name, AnswerRequest(owner="ann", assembly=assembly, reason="not now")),
    "retry": lambda client, name, assembly: client.retry(name, TargetRequest(owner="ann", assembly=assembly)),
    "cleanup": lambda client, name, assembly: client.cleanup(name, TargetRequest(owner="ann", assembly=assembly)),
}


def test_a_takeover_where_nothing_is_to_be_taken_over_is_refused(contracted: Client) -> None:
    contracted.create(upload())
    status = contracted.status("blog")
    assert (status.observing, status.stale) == ("", "")
    with pytest.raises(RefusedError, match="neither frozen nor only observed"):
        contracted.takeover("blog", TakeoverRequest(owner="ann"))
    with pytest.raises(NotFoundError):
        contracted.takeover("nobody", TakeoverRequest(owner="ann"))


def test_only_an_assembly_that_waits_for_it_can_be_called_dead(contracted: Client) -> None:
    contracted.create(upload())
    with pytest.raises(RefusedError, match="wait"):
        contracted.confirm_dead("blog", ConfirmRequest(owner="ann", assembly="web"))
    for name, assembly in (("nobody", "web"), ("blog", "nobody")):
        with pytest.raises(NotFoundError):
            contracted.confirm_dead(name, ConfirmRequest(owner="ann", assembly=assembly))


@pytest.fixture
def pausing(contracted: Client) -> Client:
    contracted.create(upload())
    return contracted


def test_what_is_unknown_is_not_found(contracted: Client) -> None:
    contracted.create(upload())
    for ask in ALL.values():
        for name, assembly in (("nobody", ""), ("blog", "nobody")):
            with pytest.raises(NotFoundError):
                ask(contracted, name, assembly)
    for resource in ("nobody", "php/x"):
        with pytest.raises(NotFoundError):
            contracted.retry("blog", TargetRequest(owner="ann", assembly="web", resource=resource))


def test_a_pause_is_shown_with_who_why_and_until_when_and_ends_when_asked(pausing: Client) -> None:
    before = datetime.now(UTC)
    request = PauseRequest(owner="ann", assembly="web", reason="new disks", seconds=1800, maintenance=True)
    (pause,) = pausing.pause("blog", request).pauses
    assert (pause.owner, pause.assembly, pause.reason, pause.maintenance) == ("ann", "web", "new disks", True)
    assert timedelta(0) <= pause.until - before - timedelta(seconds=1800) < timedelta(seconds=30)
    assert pausing.resume("blog", ResumeRequest(owner="bob", assembly="web")).pauses == []


def test_an_assembly_that_is_paused_with_all_others_is_not_resumed_alone(pausing: Client) -> None:
    assert [each.assembly for each in pausing.pause("blog", PauseRequest(owner="ann")).pauses] == [None]
    with pytest.raises(RefusedError) as caught:
        pausing.resume("blog", ResumeRequest(owner="ann", assembly="web"))
    assert "pcloud resume blog" in caught.value.cure
    assert pausing.resume("blog", ResumeRequest(owner="ann")).pauses == []


def test_what_is_not_paused_may_be_resumed_all_the_same(contracted: Client) -> None:
    contracted.create(upload())
    assert contracted.resume("blog", ResumeRequest(owner="ann")).pauses == []
    assert contracted.resume("blog", ResumeRequest(owner="ann", assembly="web")).pauses == []


def test_an_answer_or_a_retry_for_which_nothing_waits_is_refused_and_a_cleanup_never_is(contracted: Client) -> None:
    contracted.create(upload())
    for verb in ("approve", "deny", "retry"):
        for assembly in ("", "web"):
            with pytest.raises(RefusedError, match="nothing of blog") as caught:
                ALL[verb](contracted, "blog", assembly)
            assert caught.value.cure
    word = TargetRequest(owner="ann", assembly="web", resource="php")
    assert contracted.cleanup("blog", word).name == "blog"


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("pause", {}),
        ("pause", {"owner": ""}),
        ("pause", {"owner": "ann", "seconds": 0}),
        ("pause", {"owner": "ann", "seconds": -5}),
        ("pause", {"owner": "ann", "seconds": 30 * 86400 + 1}),
        ("pause", {"owner": "ann", "asembly": "web"}),
        ("resume", {"assembly": "web"}),
        ("approve", {"owner": "ann", "asembly": "web"}),
        ("confirm-dead", {"owner": "ann"}),
        ("confirm-dead", {"owner": "ann", "assembly": ""}),
    ],
    ids=str,
)
def test_a_body_that_makes_no_sense_is_refused(contracted: Client, verb: str, body: dict[str, object]) -> None:
    contracted.create(upload())
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(contracted.socket_path)), trust_env=False) as raw:
        answer = raw.post(f"http://pcloud/v1/deployables/blog/{verb}", json=body)
    assert answer.status_code == 422
    assert answer.json()["exit_code"] == 2


def test_what_is_taken_in_is_answered_with_202_and_the_status(contracted: Client) -> None:
    contracted.create(upload())
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(contracted.socket_path)), trust_env=False) as raw:
        answer = raw.post("http://pcloud/v1/deployables/blog/pause", json={"owner": "ann"})
    assert answer.status_code == 202
    assert answer.json()["name"] == "blog"
