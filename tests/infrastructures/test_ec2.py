"""What is EC2's own: one instance for one order, refusals in clear words, volumes after the creation, stops; on moto behind a proxy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from cpe.shell.infrastructures.belongings import GIB
from cpe.shell.infrastructures.ec2.creating import OTHERWISE, TERMINATED
from cpe.shell.infrastructures.ec2.driver import ATTACH
from cpe.shell.infrastructures.ec2.volumes import LETTERS
from cpe.shell.infrastructures.registry import Infrastructures
from cpe.shell.infrastructures.trial import Trials
from dpe.shell import mounting
from pcloud.errors import AmbiguousError, HardInfrastructureError, InfrastructureError
from pcloud.model.instance import LaunchOrder
from pcloud.model.words import InstanceStatus, Reach
from pcloud.records.infrastructures import Found, TrialRequest
from tests.infrastructures import ec2_cloud as ec2
from tests.infrastructures.api_proxy import ApiProxy, api_proxy
from tests.infrastructures.contract import TAGS, launched, until

pytestmark = ec2.EC2


@pytest.fixture
def kind() -> str:
    return "ec2"


@pytest.fixture
def proxy(ec2_url: str) -> Iterator[ApiProxy]:
    with api_proxy(ec2_url, ec2.call_of) as made:
        yield made


@pytest.fixture
def cloud(proxy: ApiProxy) -> Iterator[Any]:
    with ec2.ec2_cloud(proxy.url) as made:
        yield made


def refusal(reason: str, message: str = "as told", status: int = 400) -> tuple[int, bytes]:
    """As EC2 says no."""
    return status, f"<Response><Errors><Error><Code>{reason}</Code><Message>{message}</Message></Error></Errors></Response>".encode()


def asked(proxy: ApiProxy, action: str) -> list[dict[str, str]]:
    """What was sent of that kind."""
    sent = [{key: values[0] for key, values in parse_qs(body.decode()).items()} for _, _, body in proxy.seen]
    return [each for each in sent if each.get("Action") == action]


async def test_two_orders_of_which_one_got_no_answer_end_with_one_instance_found_by_its_tags(
    cloud: Any, proxy: ApiProxy, order: LaunchOrder
) -> None:
    proxy.told(create={"then": "broken", "times": 1})
    with pytest.raises(AmbiguousError):
        await cloud.create(order)
    (found,) = await cloud.find("shop", "web")
    assert (await until(cloud, found.id, InstanceStatus.ACTIVE)).tags == TAGS
    assert [each.id for each in await cloud.instances()] == [found.id]
    await cloud.create(order)  # here tokens are not heeded, so that a twin comes of it; at EC2 the first one would be the answer
    await cloud.create(replace(order, tags=replace(TAGS, generation=2)))
    first, again, other = (each["ClientToken"] for each in asked(proxy, "RunInstances"))
    assert first == again != other
    assert len(first) <= 64


async def test_a_token_that_is_used_up_is_followed_by_the_next_one(cloud: Any, proxy: ApiProxy, order: LaunchOrder) -> None:
    proxy.refusals["create"] = [refusal(TERMINATED), refusal(OTHERWISE)]
    made = await launched(cloud, order)
    tokens = [each["ClientToken"] for each in asked(proxy, "RunInstances")]
    assert len(set(tokens)) == 3
    assert [each.id for each in await cloud.instances()] == [made.id]


async def test_an_order_in_other_words_gets_the_instance_that_there_is(cloud: Any, proxy: ApiProxy, order: LaunchOrder) -> None:
    made = await launched(cloud, order)
    proxy.refusals["create"] = [refusal(OTHERWISE)]
    assert (await cloud.create(replace(order, user_data=b"other"))).id == made.id
    assert [each.id for each in await cloud.instances()] == [made.id]


@pytest.mark.parametrize(
    ("told", "kind_of_error", "said", "cure"),
    [
        (refusal("VcpuLimitExceeded", "You have requested more vCPU capacity"), HardInfrastructureError, "more vCPU", "quota"),
        (refusal("InsufficientInstanceCapacity", "not enough", 500), HardInfrastructureError, "not enough", "free something"),
        (refusal("InvalidParameterCombination", "ENA must be supported"), HardInfrastructureError, "ENA", "change what is asked for"),
        (refusal("UnauthorizedOperation", "You are not authorized", 403), InfrastructureError, "not allowed", "docs/ec2.md"),
        (refusal("AuthFailure", "not able to validate", 401), InfrastructureError, r"the AWS_\* variables: refused", "clock"),
        ((502, b"<html>bad\n gateway</html>"), AmbiguousError, "bad gateway", ""),
        (refusal("InternalError", "oops", 500), AmbiguousError, "oops", ""),
    ],
)
async def test_a_refusal_means_what_its_code_says(cloud, proxy, order, told, kind_of_error, said, cure) -> None:
    proxy.refusals["create"] = [told]
    with pytest.raises(InfrastructureError, match=said) as refused:
        await cloud.create(order)
    assert type(refused.value) is kind_of_error
    assert cure in refused.value.cure
    assert await cloud.find("shop", "web") == []


async def test_a_throttled_order_is_given_again(cloud: Any, proxy: ApiProxy, order: LaunchOrder) -> None:
    proxy.refusals["create"] = [refusal("RequestLimitExceeded", status=503)]
    made = await launched(cloud, order)
    assert [each.id for each in await cloud.find("shop", "web")] == [made.id]


async def test_what_was_made_just_now_is_not_called_absent(cloud: Any, proxy: ApiProxy, order: LaunchOrder) -> None:
    made = await cloud.create(order)
    proxy.refusals["read"] = [refusal("InvalidInstanceID.NotFound")]
    assert (await cloud.read(made.id)).id == made.id
    proxy.refusals["read"] = [refusal("InvalidInstanceID.NotFound")]
    assert (await cloud.read("i-0123456789abcdef0")).status is InstanceStatus.ABSENT


@pytest.mark.parametrize(
    ("args", "said", "cure"),
    [
        ({"subnet": "privat"}, "there is no subnet 'privat'", "subnet-"),
        ({"security_groups": ["defualt"]}, "there is no security group 'defualt'", "default"),
        ({"key_pair": "anns"}, "there is no key pair 'anns'", ""),
        ({"zone": "us-east-1q"}, "there is no zone 'us-east-1q'", "us-east-1"),
    ],
)
async def test_an_unknown_name_is_told_with_what_there_is(proxy, order, args, said, cure) -> None:
    with ec2.ec2_cloud(proxy.url, **args) as cloud:
        with pytest.raises(HardInfrastructureError, match=said) as refused:
            await cloud.create(order)
        assert cure in refused.value.cure
        assert await cloud.find("shop", "web") == []


async def test_everything_that_args_say_is_obeyed(proxy: ApiProxy, order: LaunchOrder) -> None:
    hers = ec2.driver(proxy.url)
    hers.ask("CreateKeyPair", {"KeyName": "anns"})
    (subnet,) = [each for each in hers.ex_list_subnets() if each.extra["zone"] == "us-east-1c"]
    args = {"subnet": subnet.id, "zone": "us-east-1c", "security_groups": ["default"], "key_pair": "anns", "address": "public"}
    with ec2.ec2_cloud(proxy.url, **args) as cloud:
        volume = await cloud.volume("shop", "web", "data", GIB)
        made = await launched(cloud, replace(order, size="", volumes=((volume, "/data"),)))
        node = hers.ex_get_node(made.id)
        assert (node.extra["key_name"], node.extra["subnet_id"], made.zone) == ("anns", subnet.id, "us-east-1c")
        (interface,) = node.extra["network_interfaces"]
        assert (node.extra["instance_type"], [each["group_name"] for each in interface.extra["groups"]]) == ("t3.micro", ["default"])
        assert made.address == node.public_ips[0] != node.private_ips[0]


async def test_an_instance_goes_where_its_volumes_are_or_nowhere(cloud: Any, proxy: ApiProxy, order: LaunchOrder) -> None:
    with ec2.ec2_cloud(proxy.url, zone="us-east-1b") as there:
        volume = await there.volume("shop", "web", "data", GIB)
    order = replace(order, volumes=((volume, "/data"),))
    said = r"cannot be in us-east-1a \(args.zone\) and us-east-1b \(its volumes\)"
    with ec2.ec2_cloud(proxy.url, zone="us-east-1a") as elsewhere, pytest.raises(HardInfrastructureError, match=said):
        await elsewhere.create(order)
    assert (await launched(cloud, order)).zone == "us-east-1b"


async def test_volumes_are_attached_by_whoever_reads_the_instance_and_only_then_it_is_called_active(
    cloud: Any, proxy: ApiProxy, order: LaunchOrder
) -> None:
    volume = await cloud.volume("shop", "web", "data", GIB)
    made = await cloud.create(replace(order, volumes=((volume, "/data"),)))
    assert [each.status for each in await cloud.instances()] == [InstanceStatus.BUILD]
    with ec2.ec2_cloud(proxy.url) as successor:  # the one that asked has died
        await until(successor, made.id, InstanceStatus.ACTIVE)
        assert [each.holder for each in await successor.volumes()] == [made.id]
    (attached,) = asked(proxy, "AttachVolume")
    assert (attached["VolumeId"], attached["Device"]) == (volume, f"/dev/sd{mounting.LETTERS[0]}")
    assert mounting.LETTERS == LETTERS
    assert ATTACH not in ec2.driver(proxy.url).ex_get_node(made.id).extra["tags"]


async def test_a_stop_before_its_volumes_are_attached_gives_up_attaching_them(cloud: Any, order: LaunchOrder) -> None:
    volume = await cloud.volume("shop", "web", "data", GIB)
    made = await cloud.create(replace(order, volumes=((volume, "/data"),)))
    await cloud.stop(made.id)
    await until(cloud, made.id, InstanceStatus.SHUTOFF)
    await cloud.start(made.id)
    await until(cloud, made.id, InstanceStatus.ACTIVE)
    assert [each.holder for each in await cloud.volumes()] == [""]


async def test_a_hard_reboot_is_a_forced_stop_and_a_start_unless_the_address_would_be_lost(
    cloud: Any, proxy: ApiProxy, order: LaunchOrder
) -> None:
    made = await launched(cloud, order)
    await cloud.reboot(made.id, hard=True)
    assert (await cloud.read(made.id)).status is InstanceStatus.ACTIVE
    assert [each.get("Force") for each in asked(proxy, "StopInstances")] == ["true"]
    assert (len(asked(proxy, "StartInstances")), asked(proxy, "RebootInstances")) == (1, [])
    with ec2.ec2_cloud(proxy.url, address="public") as public:
        await public.reboot(made.id, hard=True)
    assert (len(asked(proxy, "StopInstances")), len(asked(proxy, "RebootInstances"))) == (1, 1)


@pytest.mark.parametrize(("change", "said"), [({"spread": True}, "has spread: true"), ({"networks": ("a", "b")}, "has 2 networks")])
async def test_what_is_not_spoken_is_refused_before_anything_is_made(cloud, order, change, said) -> None:
    with pytest.raises(HardInfrastructureError, match=said):
        await cloud.create(replace(order, **change))
    assert await cloud.instances() == []


async def reached(host: str, port: int, timeout: float) -> Reach:
    return Reach.ANSWERED


@pytest.mark.parametrize(
    ("args", "what", "said"),
    [
        ({"security_groups": "default"}, "", ""),
        ({"subnet": "privat"}, "args", "there is no subnet 'privat'"),
        ({"endpoint": "http://127.0.0.1:9"}, "machines", "refused"),
    ],
)
async def test_a_trial_goes_through_an_instances_life_and_says_what_is_wrong(ec2_url, tmp_path, args, what, said) -> None:
    with ec2.configured(ec2_url, **args) as settings:
        known = Infrastructures({"lab": settings}, controller="here", state_directory=tmp_path)
        found = {each.what: each for each in (await Trials(known, reached).test("lab", TrialRequest(launch=True))).steps}
        known.close()
    if what:
        assert (found[what].found, said in found[what].said) == (Found.FAILED, True), found[what].said
        return
    assert [each.what for each in found.values() if each.found is not Found.PASSED] == []
    assert found["account"].said.startswith("the AWS_* variables; region us-east-1, zones us-east-1a, ")
    assert found["args"].said.startswith("found: security group sg-")
    assert found["images"].said == "1 listed: debian-12"
    hers = ec2.driver(ec2_url)
    assert (hers.list_nodes(), [each for each in hers.list_volumes() if each.extra["tags"]]) == ([], [])


class WholeAuth(SigV4Auth):
    """With all the headers that were signed: the library itself leaves out what names the client."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return HTTPHeaders.from_dict(dict(request.headers.items()))


async def test_requests_are_signed_as_amazons_own_library_signs_them(cloud: Any, proxy: ApiProxy, order: LaunchOrder) -> None:
    await cloud.create(replace(order, user_data=bytes(range(256)) * 32))  # longer than an address may be
    path, headers, body = next(each for each in proxy.seen if b"RunInstances" in each[2])
    sent = {name.lower(): value for name, value in headers.items()}
    signed = re.search(r"SignedHeaders=([^,]+), Signature=(\w+)", sent["authorization"])
    assert signed is not None
    request = AWSRequest("POST", f"{proxy.url}{path}", {name: sent[name] for name in signed[1].split(";")}, body)
    request.context["timestamp"] = sent["x-amz-date"]
    auth = WholeAuth(Credentials(ec2.KEYS["AWS_ACCESS_KEY_ID"], ec2.KEYS["AWS_SECRET_ACCESS_KEY"]), "ec2", "us-east-1")
    text = auth.string_to_sign(request, auth.canonical_request(request))
    assert auth.signature(text, request) == signed[2]
