"""The user data of an instance: one multipart MIME document for cloud-init (architecture.md, "User data").

Rules: equal input gives equal bytes; the embedded cloud and a real machine get the same document, PCLOUD_ROOT is empty on the latter;
contents that may hold anything are base64; the marker appears whole, after everything else.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import shlex
from collections.abc import Mapping
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from pcloud.errors import HardInfrastructureError
from pcloud.model.plan import AssemblyPlan

DIRECTORY = "/var/lib/pcloud"
"""Where guests keep what is ours (interface.md, "Places")."""

MERGE = "list(append)+dict(no_replace,recurse_list)+str()"
"""The user's own cloud-config adds to ours; where both set the same plain value, ours holds, or the machine could not be reached."""

PROVISION = """\
#!/bin/sh
# Runs the provisioning script, keeps what it prints, and leaves its exit status in the file "provisioned" when it has ended.
state=${PCLOUD_ROOT:-}@DIRECTORY@
mkdir -p "$state"
: >"$state/provision.log"
chmod 600 "$state/provision.log"
# whoever watches this machine reads the log, nobody else: a script may print its secrets
if id -u @USER@ >/dev/null 2>&1; then chown @USER@ "$state/provision.log"; fi
status=0
if [ -f "$state/provision" ]; then
    (
        . "$state/environment"
        "$state/provision"
    ) >>"$state/provision.log" 2>&1 </dev/null
    status=$?
fi
echo "$status" >"$state/.provisioned"
# a crash right after the marker was seen must not undo what it stands for; the embedded cloud's machines do not crash that way
[ -n "${PCLOUD_ROOT:-}" ] || sync
mv "$state/.provisioned" "$state/provisioned"
"""


def user_data(
    *, assembly: AssemblyPlan, user: str, authorized_key: str, host_private: str, host_public: str, environment: Mapping[str, str]
) -> bytes:
    """The document for one instance. ``environment`` has the values of its parameters and secrets, which its script finds as variables."""
    files = [_file("environment", _exports(environment), "0600")]
    if assembly.provision:
        files.append(_file("provision", assembly.provision, "0700"))
    config = {
        "users": ["default", _user(user, authorized_key)],
        "ssh_keys": {"ed25519_private": host_private, "ed25519_public": host_public},
        "write_files": files,
    }
    parts = [_part(f"#cloud-config\n{json.dumps(config, indent=1, sort_keys=True)}\n", "cloud-config", "pcloud.cfg")]
    if assembly.cloud_config.strip():
        own = assembly.cloud_config if assembly.cloud_config.startswith("#cloud-config") else f"#cloud-config\n{assembly.cloud_config}"
        parts.append(_part(own, "cloud-config", "user.cfg", merge=MERGE))
    script = PROVISION.replace("@DIRECTORY@", DIRECTORY).replace("@USER@", shlex.quote(user))
    parts.append(_part(script, "x-shellscript", "provision.sh"))
    return _document(parts)


def fitted(document: bytes, limit: int | None, whose: str, infrastructure: str) -> bytes:
    """The document as a cloud takes it that counts ``limit`` bytes of base64: as it is, or compressed, which cloud-init understands.

    HardInfrastructureError where that is not enough.
    """
    if limit is None or sent(document) <= limit:
        return document
    packed = gzip.compress(document, mtime=0)
    if sent(packed) > limit:
        raise HardInfrastructureError(
            f"{infrastructure}: the user data of {whose} is too long: {len(document):,} bytes, compressed and encoded {sent(packed):,}, "
            f"and {limit:,} are taken",
            "have provision fetch what is large instead of holding it, or put it into the image",
        )
    return packed


def sent(document: bytes) -> int:
    """Bytes of it in base64."""
    return 4 * -(-len(document) // 3)


def _user(name: str, authorized_key: str) -> dict[str, object]:
    """Services are restarted by root; root itself needs no help."""
    user: dict[str, object] = {"name": name, "ssh_authorized_keys": [authorized_key]}
    if name != "root":
        user |= {"sudo": "ALL=(ALL) NOPASSWD:ALL", "shell": "/bin/bash", "lock_passwd": True}
    return user


def _exports(environment: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()))


def _file(name: str, content: str, permissions: str) -> dict[str, str]:
    encoded = base64.b64encode(content.encode()).decode()
    return {"path": f"{DIRECTORY}/{name}", "content": encoded, "encoding": "b64", "permissions": permissions}


def _part(content: str, subtype: str, name: str, merge: str = "") -> MIMEText:
    part = MIMEText(content, subtype, "utf-8")
    part.add_header("Content-Disposition", "attachment", filename=name)
    if merge:
        part.add_header("Merge-Type", merge)
    return part


def _document(parts: list[MIMEText]) -> bytes:
    digest = hashlib.sha256(b"".join(part.as_bytes() for part in parts)).hexdigest()
    return MIMEMultipart("mixed", boundary=f"==pcloud-{digest[:32]}==", _subparts=parts).as_bytes()
