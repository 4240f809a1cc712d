"""Whatever an EC2 answers: XML with elements that are missing, empty, doubled or hold something else, and what is no XML at all.

Oracle: InfrastructureError alone; what is not tagged as ours in every word is nobody's.
"""

from __future__ import annotations

import copy
from typing import Any

from libcloud.compute.drivers.ec2 import NAMESPACE
from libcloud.utils.py3 import ET

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.calls import Calls
from cpe.shell.infrastructures.ec2.account import Account
from cpe.shell.infrastructures.ec2.args import EC2Args
from cpe.shell.infrastructures.ec2.connections import rooted
from cpe.shell.infrastructures.ec2.dialect import EC2Dialect
from cpe.shell.infrastructures.ec2.driver import EC2Driver
from cpe.shell.infrastructures.tags import instance_metadata, volume_metadata
from pcloud.model.instance import Tags, VolumeTags
from tests.fuzz.bounds import Bounds
from tests.fuzz.feeding import Feed, damaged
from tests.fuzz.loops import in_loop
from tests.fuzz.target import Target
from tests.fuzz.targets.clouds import asked

ARGS = EC2Args(region="us-east-1")
ACCOUNT = Account({"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}, "", ARGS)


def _tags(metadata: dict[str, str]) -> str:
    return "".join(f"<item><key>{key}</key><value>{value}</value></item>" for key, value in metadata.items())


MARKS = instance_metadata(Tags("here", "shop", "web", 3)) | {"pcloud-stop": "2026-01-01T00:00:00+00:00", "pcloud-attach": "v1"}
INSTANCE = f"""<item><instanceId>m1</instanceId><instanceState><name>stopped</name></instanceState>
<launchTime>2026-01-01T00:00:00.000Z</launchTime><privateIpAddress>10.0.0.1</privateIpAddress>
<placement><availabilityZone>a</availabilityZone></placement><reason>User initiated (2026-01-01 00:00:00 GMT)</reason>
<stateReason><code>Client.UserInitiatedShutdown</code></stateReason><clientToken>t</clientToken><tagSet>{_tags(MARKS)}</tagSet></item>"""
INSTANCES = INSTANCE + INSTANCE.replace("stopped", "running")
VOLUME = f"""<item><volumeId>v1</volumeId><size>1</size><status>in-use</status><availabilityZone>a</availabilityZone>
<attachmentSet><item><instanceId>m1</instanceId><status>attached</status></item></attachmentSet>
<tagSet>{_tags(volume_metadata(VolumeTags("here", "shop", "web", "data")))}</tagSet></item>"""
ZONE = "<item><zoneName>a</zoneName><zoneState>available</zoneState></item>"
ANSWERS = {
    "DescribeInstances": f"<reservationSet><item><instancesSet>{INSTANCES}</instancesSet></item></reservationSet>",
    "DescribeVolumes": f"<volumeSet>{VOLUME}</volumeSet>",
    "CreateVolume": VOLUME.removeprefix("<item>").removesuffix("</item>"),
    "DescribeAvailabilityZones": f"<availabilityZoneInfo>{ZONE}</availabilityZoneInfo>",
    "GetConsoleOutput": "<output>aGVsbG8=</output>",
}
WORDS = ("", "-1", "pcloud-generation", "running", "terminated", "é\N{SNOWMAN}", "99999999999999999999", "2026-13-45", "v1 v1", "&")


class OddDriver(EC2Driver):
    """Answers as somebody has made it say."""

    def __init__(self, feed: Feed) -> None:
        super().__init__(ACCOUNT, ACCOUNT.place())
        self._feed = feed

    def ask(self, action: str, params: Any = None) -> Any:
        text = f'<R xmlns="{NAMESPACE}">{ANSWERS.get(action, "")}</R>'
        if self._feed.below(16) == 1:
            return rooted(damaged(text.encode(), self._feed).decode("utf-8", "replace"))
        root = rooted(text)
        for _ in range(self._feed.below(4)):
            altered(root, self._feed)
        return rooted(ET.tostring(root, encoding="unicode"))


def altered(root: Any, feed: Feed) -> None:
    """One element of it is left out, said twice, emptied, or says something else."""
    parent = feed.pick(list(root.iter()))
    children = list(parent)
    if not children:
        parent.text = feed.pick(WORDS)
        return
    child = feed.pick(children)
    match feed.below(4):
        case 0:
            parent.remove(child)
        case 1:
            parent.append(copy.deepcopy(child))
        case 2:
            for each in list(child):
                child.remove(each)
        case 3:
            child.text = feed.pick(WORDS)


def run(data: bytes) -> None:
    feed = Feed(data)
    in_loop(_ask, feed)


async def _ask(feed: Feed) -> None:
    calls = Calls("lab", lambda: OddDriver(feed), threads=1)
    await asked(LibcloudInfrastructure("lab", calls, EC2Dialect("lab", ARGS), controller="here"))


AMAZONS = Target("amazons", run, seeds=(b"", b"\1\1\1\1", b"\0\2\3\1\2\4\0\3\1"), bounds=Bounds(calls=1_000_000))
