"""Values of secrets while they are used: in no event, no answer of the API, no log, no stored state, and in nobody's arguments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Pcloud
from tests.system.running import Daemon, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(150)]

PASSWORD = "correct-horse & 'battery'"
TOKEN = "tok-5f2c1e9a77d04b10"

SPEC = """
deployable: safe
infrastructure: local
defaults:
  monitor: {{interval: 200ms, timeout: 2s, silence: 5s}}
assemblies:
  app:
    image: host
    data: ephemeral
    secrets:
      PASSWORD: {{file: {file}}}
      TOKEN: {{env: SAFE_TOKEN}}
    provision:
      inline: |
        #!/bin/sh
        set -x
        echo "provisioned with $PASSWORD and $TOKEN"
        wait_for() {{ : >"$PCLOUD_ROOT/at-$1"; while [ ! -e "$PCLOUD_ROOT/go-$1" ]; do sleep 0.02; done; }}
        wait_for provision
    configure:
      inline: |
        set -x
        printf '%s' "$PASSWORD $TOKEN" >"$PCLOUD_ROOT/given"
        : >"$PCLOUD_ROOT/at-configure"
        while [ ! -e "$PCLOUD_ROOT/go-configure" ]; do sleep 0.02; done
    resources:
      service:
        agent: 'process:while [ ! -e "$PCLOUD_ROOT/die" ]; do sleep 0.05; done; echo "died of $PASSWORD, $TOKEN"; exit 3'
    recovery: {{restart: {{delay: 100ms}}}}
"""
SHOWING = ("deployable show safe", "deployable show safe --effective", "deployable status safe", "events", "explain safe/app --last 20")
READABLE = ("/v1/deployables", "/v1/deployables/safe", "/v1/events?limit=500", "/v1/deployables/safe/facts?limit=500")


@pytest.fixture
def file(daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of the password; the daemon has the token in its environment."""
    daemon.end()
    monkeypatch.setenv("SAFE_TOKEN", TOKEN)
    daemon.start()
    monkeypatch.delenv("SAFE_TOKEN")
    place = tmp_path / "password"
    place.touch(0o600)
    place.write_text(f"{PASSWORD}\n")
    return place


def arguments() -> str:
    """The command lines of all that runs."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(each.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return "\n".join(found)


def at(daemon: Daemon, step: str) -> Path:
    """The machine's root, when a script of it is at that step, with the secrets in its environment."""

    def look() -> Path | None:
        instance = daemon.assembly("safe", "app").instance
        root = daemon.cloud / "nodes" / instance.id / "root" if instance is not None else None
        return root if root is not None and (root / f"at-{step}").exists() else None

    return until(look, f"a script is at {step}")


def nothing_of_them(text: str) -> bool:
    return not any(piece in text for piece in (PASSWORD, TOKEN, "correct-horse", "battery", TOKEN[:10], TOKEN[-10:]))


def answers(daemon: Daemon) -> str:
    """All that the API tells."""
    spec = daemon.client.spec("safe").model_dump_json() + daemon.client.effective("safe").model_dump_json()
    told = [spec, *(each.model_dump_json() for each in daemon.client.explanations(target="safe/app", last=50))]
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(daemon.socket)), base_url="http://pcloud") as http:
        return "\n".join([*told, *(http.get(path).raise_for_status().text for path in READABLE)])


def until_told(daemon: Daemon, words: str, after: int) -> None:
    daemon.until_event(lambda event: words in event.reason, words, after)


def restart(daemon: Daemon) -> None:
    mark = daemon.newest()
    daemon.client.restart("safe", "app", "service")
    daemon.until_event(lambda event: event.resource == "service" and event.to == "healthy", "it is restarted", mark)


def test_a_secret_is_nowhere_but_in_the_environment_of_the_scripts(daemon: Daemon, file: Path, pcloud: Pcloud) -> None:
    daemon.create(SPEC.format(file=file))
    daemon.client.start("safe")
    root = at(daemon, "provision")
    assert nothing_of_them(arguments())
    (root / "go-provision").touch()
    root = at(daemon, "configure")
    assert (root / "given").read_text() == f"{PASSWORD} {TOKEN}"
    assert nothing_of_them(arguments())
    (root / "go-configure").touch()
    daemon.until_state("safe", "healthy")
    mark = daemon.newest()
    (root / "die").touch()
    until_told(daemon, "died of ***, ***", mark)
    (root / "die").unlink()
    daemon.until_state("safe", "healthy")
    assert nothing_of_them(arguments())
    assert nothing_of_them(answers(daemon))
    shown = [pcloud(*words.split()) for words in SHOWING]
    assert all(ended.code == 0 for ended in shown)
    assert nothing_of_them("".join(ended.out + ended.err for ended in shown))
    daemon.end()
    kept = [daemon.log, *(each for each in daemon.state.rglob("*") if each.is_file() and root not in each.parents)]
    assert [each for each in kept if not nothing_of_them(each.read_bytes().decode(errors="replace"))] == []


def test_what_becomes_of_its_file_is_told(daemon: Daemon, file: Path) -> None:
    file.unlink()
    spec = SPEC.format(file=file).replace("wait_for provision", "true")
    daemon.create(spec.replace('while [ ! -e "$PCLOUD_ROOT/go-configure" ]', "while false"))
    missing = f"secret PASSWORD: {file} cannot be read: No such file or directory"
    until_told(daemon, missing, 0)
    daemon.client.start("safe")
    assert daemon.until_state("safe", "blocked").assemblies[0].reason == missing
    file.write_text(PASSWORD)
    file.chmod(0o644)
    daemon.client.start("safe")
    daemon.until_state("safe", "healthy")
    until_told(daemon, f"secret PASSWORD: everybody on the controller may read {file} (mode 0644): chmod 600 it", 0)
    file.chmod(0o600)
    mark = daemon.newest()
    file.write_text("another-password")
    restart(daemon)
    until_told(daemon, "secret PASSWORD has changed: scripts that run from now on get it", mark)
    file.unlink()
    restart(daemon)
    until_told(daemon, f"{missing}; its last value is used", mark)
