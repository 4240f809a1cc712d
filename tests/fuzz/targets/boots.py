"""User data: what is written arrives, whatever the texts are; and whatever is read instead, the embedded cloud's first boot notes it.

Oracle: nothing is an error to who reads; the document that we write gives the very script, variables and keys.
"""

from __future__ import annotations

import base64
import gzip
import shlex

from cpe.shell.infrastructures.local.cloudinit import FirstBoot, first_boot
from dpe.shell.userdata import user_data
from pcloud.model.plan import AssemblyPlan
from tests.fuzz.bounds import Bounds
from tests.fuzz.feeding import Feed, damaged, stream
from tests.fuzz.target import Target

WORDS = (
    *(
        b"#cloud-config\n",
        b"#!/bin/sh\n",
        b"runcmd:\n- ",
        b"write_files:\n- {path: /x, content: ",
        b"users: [",
        b"ssh_keys: {ed25519_private: ",
    ),
    *(
        b"2020-13-45",
        b"9" * 5000,
        b"[" * 3000,
        b"{a: " * 3000,
        b"!!python/name:os.system",
        b"&a [*a]",
        b"permissions: '9'",
        b"encoding: gz+b64",
    ),
    *(
        b"!!timestamp x",
        b"!!int x",
        b"0b",
        b"1:99:99",
        b"<<: ",
        b"\n",
        b"'",
        b"\x00",
        b"\xff",
        b"\xe2\x80\xa8",
        b"--==pcloud-",
        b"\nFrom x\n",
    ),
    *(b"Content-Type: multipart/mixed; boundary=x\n\n--x\n", b"Content-Transfer-Encoding: base64\n", b"MIME-Version: 1.0\n", b"\x1f\x8b"),
    base64.b64encode(gzip.compress(b"x")),
)


def run(data: bytes) -> None:
    feed = Feed(data)
    if feed.below(2):
        _check(first_boot(damaged(_document("true", {"A": "b"}, ""), feed)))
    elif feed.below(2):
        _check(first_boot(stream(feed, WORDS)))
    else:
        cut = feed.below(3)
        text = stream(feed, WORDS).decode("utf-8", "replace").replace("\0", "")
        script, value, config = (text if number == cut else "" for number in range(3))
        boot = first_boot(_document(script, {"A": value}, config))
        _check(boot)
        wrote = {file.path: file.content for file in boot.files}
        assert wrote.get("/var/lib/pcloud/provision", b"") == script.encode()
        assert wrote["/var/lib/pcloud/environment"] == f"export A={shlex.quote(value)}\n".encode()
        assert (boot.host_private, boot.host_public) == ("private\n", "public")
        assert boot.authorized_keys[0] == "ssh-ed25519 AAAA"


def _document(script: str, environment: dict[str, str], config: str) -> bytes:
    plan = AssemblyPlan("web", "local", provision=script, cloud_config=config)
    return user_data(
        assembly=plan,
        user="pcloud",
        authorized_key="ssh-ed25519 AAAA",
        host_private="private\n",
        host_public="public",
        environment=environment,
    )


def _check(boot: FirstBoot) -> None:
    assert all(isinstance(each, str) for each in (*boot.authorized_keys, *boot.notes, boot.host_private, boot.host_public))
    assert all(isinstance(each, bytes) for each in boot.scripts)
    for file in boot.files:
        assert isinstance(file.content, bytes)
        assert 0 <= file.mode <= 0o7777


BOOTS = Target("first-boots", run, seeds=(b"", b"\1", b"\0\1", b"\0\0\2\0\0"), bounds=Bounds(calls=2_000_000))
