"""Reloads by a real daemon of real machines: only what changed is touched, and a kill at any moment ends as the spec says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pcloud.errors import PcloudError, RefusedError
from pcloud.records.requests import SpecUpload
from tests.cli.conftest import Pcloud
from tests.system.running import Daemon, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]

CACHE = "\n  cache: {image: host, data: ephemeral, after: [db], resources: {redis: {agent: 'process:sleep 300000'}}}"


def shop(*, interval: str = "200ms", other: int = 200000, script: str = "true", extra: str = "") -> SpecUpload:
    """A database with a volume and two services, a web server that is configured by its address, and what else ``extra`` says."""
    source = f"""
deployable: shop
defaults:
  image: host
  monitor: {{interval: {interval}, timeout: 1s, silence: 2s}}
assemblies:
  db:
    volumes: {{data: {{size: 1MiB, mount: /data}}}}
    provision: {{inline: 'echo once >> "$PCLOUD_ROOT/data/made"; {script}'}}
    resources:
      sleeper: {{agent: 'process:sleep 100000'}}
      other: {{agent: 'process:sleep {other}'}}
  web:
    data: ephemeral
    after: [db]
    parameters: {{DB: "${{db.address}}"}}
    configure: {{inline: 'echo "$DB" > "$PCLOUD_ROOT/db"'}}
    resources: {{front: {{agent: 'process:sleep 400000'}}}}{extra}
"""
    return SpecUpload(source=source, path="shop.yaml")


def bring_up(daemon: Daemon, upload: SpecUpload) -> None:
    daemon.client.create(upload)
    daemon.client.start("shop")
    daemon.until_state("shop", "healthy")


def reload(daemon: Daemon, upload: SpecUpload) -> int:
    """Have it done, and wait until it is; the newest event of before."""
    mark = daemon.newest()
    daemon.client.reload("shop", upload)
    daemon.until_state("shop", "healthy")
    assert daemon.client.plan("shop", upload).changes == []
    return mark


def generations(daemon: Daemon) -> dict[str, int]:
    return {each.name: each.instance.generation for each in daemon.client.status("shop").assemblies if each.instance is not None}


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()


def test_only_what_has_changed_is_touched(daemon: Daemon) -> None:
    bring_up(daemon, shop())
    kept = {name: daemon.pid("shop", *name) for name in (("db", "sleeper"), ("web", "front"))}
    before = daemon.pid("shop", "db", "other")
    mark = reload(daemon, shop(interval="300ms"))
    assert not [event for event in daemon.events(mark) if event.record is not None], daemon.story(mark)
    assert daemon.pid("shop", "db", "other") == before
    reload(daemon, shop(interval="300ms", other=222222, extra=CACHE))
    assert command(daemon.pid("shop", "db", "other")).endswith("sleep 222222")
    until(lambda: not Path(f"/proc/{before}").exists(), "the service of before is gone")
    assert {name: daemon.pid("shop", *name) for name in kept} == kept
    assert len(daemon.running_nodes()) == 3
    reload(daemon, shop(other=222222))
    assert {name: daemon.pid("shop", *name) for name in kept} == kept
    assert generations(daemon) == {"db": 1, "web": 1}
    until(lambda: len(daemon.nodes()) == 2, "the machine of what has left the spec is destroyed")


def test_another_provisioning_relaunches_one_machine_with_its_volume_and_those_after_it_follow(daemon: Daemon) -> None:
    bring_up(daemon, shop())
    mark = reload(daemon, shop(script="exit 0"))
    assert generations(daemon) == {"db": 2, "web": 1}
    assert (daemon.root("shop", "db") / "data" / "made").read_text().count("once") == 2
    address = daemon.assembly("shop", "db").instance
    assert address is not None
    assert (daemon.root("shop", "web") / "db").read_text().strip() == address.address
    assert daemon.decided(mark)[0] == ("shop/db", "relaunch")
    again = daemon.replayed("shop")
    assert {row.comparison.value for row in again.decisions} == {"same"}


@pytest.mark.parametrize("state", ["", "launching", "configuring", "stopping"])
def test_a_daemon_that_is_killed_in_the_middle_ends_as_the_spec_says(daemon: Daemon, state: str) -> None:
    bring_up(daemon, shop(extra=CACHE))
    wanted = shop(other=222222, script="sleep 0.3")
    mark = daemon.newest()
    daemon.client.reload("shop", wanted)
    if state:
        daemon.until_event(lambda event: event.to == state, f"something is {state}", mark)
    daemon.kill()
    daemon.start()
    daemon.until_state("shop", "healthy")
    assert daemon.client.plan("shop", wanted).changes == []
    assert generations(daemon) == {"db": 2, "web": 1}
    assert command(daemon.pid("shop", "db", "other")).endswith("sleep 222222")
    assert len(daemon.running_nodes()) == 2
    assert {row.comparison.value for row in daemon.replayed("shop").decisions} == {"same"}


def in_threads(*work: Callable[[], object]) -> list[PcloudError]:
    """Do it all at the same moment; the errors that came of it."""
    errors: list[PcloudError] = []
    barrier = threading.Barrier(len(work))

    def run(one: Callable[[], object]) -> None:
        barrier.wait(30)
        try:
            one()
        except PcloudError as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


def test_of_two_reloads_at_the_same_moment_the_second_is_told_that_its_plan_is_old(daemon: Daemon) -> None:
    bring_up(daemon, shop())
    one, other = shop(other=111111), shop(other=333333)
    plans = [(upload, daemon.client.plan("shop", upload).version) for upload in (one, other)]
    errors = in_threads(*(partial(daemon.client.reload, "shop", upload, version=version) for upload, version in plans))
    assert [type(error) for error in errors] == [RefusedError]
    assert "changed since this plan was made" in str(errors[0])
    daemon.until_state("shop", "healthy")
    won = daemon.client.spec("shop").upload.source
    assert won in {one.source, other.source}
    assert command(daemon.pid("shop", "db", "other")).endswith("sleep 111111" if won == one.source else "sleep 333333")


def test_a_reload_while_it_starts_and_while_it_stops(daemon: Daemon) -> None:
    mark = daemon.newest()
    daemon.client.create(shop(script="sleep 2"))
    daemon.client.start("shop")
    daemon.until_event(lambda event: event.to == "provisioning", "the database is provisioned", mark)
    wanted = shop(other=222222)
    daemon.client.reload("shop", wanted)
    daemon.until_state("shop", "healthy")
    assert daemon.client.plan("shop", wanted).changes == []
    assert generations(daemon) == {"db": 2, "web": 1}
    daemon.client.stop("shop")
    daemon.client.reload("shop", shop(other=333333, extra=CACHE))
    daemon.until_state("shop", "stopped")
    assert daemon.nodes() == []
    daemon.client.start("shop")
    daemon.until_state("shop", "healthy")
    assert set(generations(daemon)) == {"db", "web", "cache"}
    assert command(daemon.pid("shop", "db", "other")).endswith("sleep 333333")


def test_a_reload_and_a_delete_while_it_recovers(daemon: Daemon, pcloud: Pcloud) -> None:
    bring_up(daemon, shop())
    instance = daemon.assembly("shop", "db").instance
    assert instance is not None
    daemon.destroy_behind_the_back(instance.id)
    daemon.until_state("shop", "recovering")
    ended = pcloud("deployable", "delete", "shop")
    assert ended.code == 4
    assert "shop is not stopped" in ended.err
    reload(daemon, shop(other=222222))
    assert command(daemon.pid("shop", "db", "other")).endswith("sleep 222222")
    assert len(daemon.running_nodes()) == 2


def test_what_is_wrong_changes_nothing(daemon: Daemon) -> None:
    bring_up(daemon, shop())
    mark, in_force = daemon.newest(), daemon.client.spec("shop")
    bad = {
        "after: [db]": "after: [nowhere]",  # a mistake
        "size: 1MiB": "size: 2MiB",  # what cannot be done
        "deployable: shop": "deployable: stall",  # another one's
    }
    for old, new in bad.items():
        with pytest.raises(PcloudError):
            daemon.client.reload("shop", SpecUpload(source=shop().source.replace(old, new), path="shop.yaml"))
    assert daemon.client.spec("shop") == in_force
    assert not [event for event in daemon.events(mark) if event.kind == "reloaded" or event.record is not None], daemon.story(mark)


def test_a_secret_that_cannot_be_read_leaves_what_works_as_it_is(daemon: Daemon) -> None:
    bring_up(daemon, shop())
    mark = daemon.newest()
    wanted = shop(extra="\n    secrets: {KEY: {file: /nowhere/key}}")
    with pytest.raises(RefusedError, match="secret KEY: /nowhere/key cannot be read"):
        daemon.client.plan("shop", wanted)
    with pytest.raises(RefusedError, match="left as it is"):
        daemon.client.reload("shop", wanted)
    assert not [event for event in daemon.events(mark) if event.kind == "reloaded" or event.record is not None], daemon.story(mark)
    assert generations(daemon) == {"db": 1, "web": 1}
