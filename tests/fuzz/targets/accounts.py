"""clouds.yaml: an account that makes sense, or one refusal that names the file.

Oracle: RefusedError alone, whose words hold no password; what is taken has an address and a login.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from cpe.shell.infrastructures.openstack.clouds import Clouds
from pcloud.errors import RefusedError
from tests.fuzz.feeding import Feed
from tests.fuzz.target import Target
from tests.fuzz.targets.texts import YAML, _made

SECRET = "correct-horse-battery"
SOUND = f"""\
clouds:
  rack:
    auth: {{auth_url: "https://cloud.example:5000/v3", username: ann, password: {SECRET}, project_name: shop}}
    region_name: one
    verify: true
"""
WORDS = (
    *YAML,
    *(b"regions: [", b"auth: ", b"auth_type: ", b"cacert: /x\n", b"interface: ", b"profile: p\n", b"_endpoint_override: 7\n"),
    *(b"user_id: ", b"project_id: ", b"domain_id: ", b"application_credential_", b"id: ", b"secret: ", b"insecure: ", b"null", b"true"),
)


def read_account(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "clouds.yaml")
        file.write_bytes(_made(Feed(data), (SOUND.encode(),), WORDS))
        try:
            account = Clouds({"OS_CLIENT_CONFIG_FILE": str(file)}, Path(directory, "etc")).account("rack")
        except RefusedError as error:
            assert str(file) in str(error) or "cacert" in str(error), error
            assert SECRET not in f"{error} {error.cure}", error
        else:
            assert account.auth_url.startswith(("http://", "https://"))
            assert account.body["identity"]
            assert SECRET not in repr(account)


ACCOUNTS = Target("accounts", read_account, seeds=(b"", b"\1\0", b"\1\3" + bytes(40)))
