"""Bad days of the daemon's neighbours: two operators at once, and a place for the socket that anybody may write to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import LONG, PCLOUD, environment
from tests.system.running import Daemon
from tests.system.specs import pair

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


def test_two_starts_at_the_same_moment_are_one(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "pair.yaml").write_text(pair(provision="sleep 0.5"))
    words = [*PCLOUD, "deployable", "start", "pair.yaml"]
    pipe = subprocess.PIPE
    both = [
        subprocess.Popen(words, cwd=tmp_path, env=environment(daemon.socket), stdout=pipe, stderr=pipe, text=True, start_new_session=True)
        for _ in range(2)
    ]
    try:
        for each in both:
            out, err = each.communicate(timeout=LONG)
            assert (each.returncode, err) == (0, ""), daemon.story()
            assert out.endswith("pair is healthy\n")
    finally:
        for each in both:
            each.kill()
            each.wait()
    assert len(daemon.nodes()) == 2
    events = daemon.events()
    assert [event.kind for event in events].count("registered") == 1
    assert sorted(event.target for event in events if event.to == "launching") == ["pair/back", "pair/front"], daemon.story()
    assert (daemon.root("pair", "back") / "data" / "provisioned").read_text() == "once\n"


def test_a_daemon_does_not_listen_where_anybody_could_take_its_sockets_place(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    words = [sys.executable, "-m", "cpe.daemon.main", "--state", tmp_path / "state", "--socket", open_to_all / "api.sock"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=LONG, check=False)
    assert ended.returncode == 4
    assert ended.stderr == (
        f"pcloud-cped: everybody may write in {open_to_all}, and so take the place of the API's socket; run chmod o-w {open_to_all}\n"
    )
    assert not (tmp_path / "state").exists()
    assert list(open_to_all.iterdir()) == []
