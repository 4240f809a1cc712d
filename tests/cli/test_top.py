"""``pcloud top`` on a terminal, in a pipe and once; and its picture of everything that there can be to say."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pcloud.records.overview import HoldingGuard, InfrastructureLoad, LoopLoad, Overview, Troubled
from pcloud.screen.top import fitted, top_lines
from tests.api.memory_controller import MemoryController
from tests.api.serving import Served
from tests.api.specs import BLOG
from tests.cli.conftest import Pcloud
from tests.cli.terminal import on_terminal
from tests.cli.test_terminal import sh, unstyled
from tests.cli.test_watching import ALTERNATE, BACK

NOW = datetime(2025, 3, 9, 11, 1, 3, tzinfo=UTC)
BAD_DAY = Overview(
    at=NOW,
    version="1.2.3",
    pid=4711,
    since=NOW - timedelta(hours=3),
    deployables={"healthy": 9990, "held": 8, "blocked": 2},
    assemblies={"healthy": 29980, "suspect": 18, "blocked": 2},
    resources={"healthy": 60000, "unknown": 36},
    machines=29998,
    contact=29980,
    checks_per_second=12034.5,
    recoveries={"reboot": 8, "relaunch": 2},
    held={"storm": 8},
    actions_in_flight=2,
    guards=[HoldingGuard(guard="storm", infrastructure="lab", zone="a"), HoldingGuard(guard="unverified", infrastructure="rack")],
    doubted=True,
    loop=LoopLoad(lag=1.52, stalls=1),
    infrastructures=[
        InfrastructureLoad(name="rack", recoveries=0, calls=0, calls_limit=108),
        InfrastructureLoad(name="lab", recoveries=5, calls=9, calls_limit=108),
    ],
    unwell=10,
    troubled=[
        Troubled(name="shop", state="blocked", reason="web: the image debian-12 is not among the 41 images of this account"),
        Troubled(name="blog", state="held", reason="mysql: reboot held by storm: 18 of 40 unhealthy, at most 16\n\x1b[31m"),
    ],
)

DRAWN = """\
pcloud 1.2.3  up 3h, pid 4711  loop 1.5 s late at most, 1 stall
             NUMBER   HOW THEY STAND
deployables  10000    9990 healthy, 8 held, 2 blocked
assemblies   30000    29980 healthy, 18 suspect, 2 blocked
resources    60036    60000 healthy, 36 unknown
machines     29998    contact with 29980
checks       12034.5  a second
recoveries   10       8 reboot, 2 relaunch; 8 held by storm
actions      2        in flight
guard storm holds lab zone a
guard unverified holds all of rack
all checks from the controller are doubted

IN TROUBLE  STATE    REASON
shop        blocked  web: the image debian-12 is not among the 41 images of thi…
blog        held     mysql: reboot held by storm: 18 of 40 unhealthy, at most 1…
… and 8 more: pcloud deployable list shows all

INFRASTRUCTURE  RECOVERIES  CALLS UNDER WAY
lab             5           9 of at most 108
rack            0           0 of at most 108
"""


def test_a_bad_day_fits_80_columns_and_24_lines() -> None:
    lines = list(top_lines(BAD_DAY, 80))
    assert "".join(f"{line.plain}\n" for line in lines) == DRAWN
    assert len(lines) <= 23
    assert max(line.cell_len for line in lines) <= 80


def test_what_has_no_room_is_told() -> None:
    lines = list(top_lines(BAD_DAY, 80))
    assert fitted(lines, len(lines)) == lines
    cut = fitted(lines, 10)
    assert (len(cut), cut[-1].plain) == (10, f"… and {len(lines) - 9} lines more, for a higher terminal")


def test_that_nothing_can_be_recorded_is_the_first_thing_that_is_said() -> None:
    lines = [line.plain for line in top_lines(BAD_DAY.model_copy(update={"trouble": "no space left on the disk"}), 80)]
    assert lines[1] == "nothing is done: no space left on the disk"


def test_once_it_is_a_picture_or_the_apis_own_body(pcloud: Pcloud) -> None:
    pcloud("deployable", "create", "blog.yaml")
    ended = pcloud("top", "--once")
    assert (ended.code, ended.err) == (0, "")
    assert "deployables  1       1 stopped" in ended.out
    assert "no guard holds" in ended.out
    body = json.loads(pcloud("top", "--once", "-o", "json").out)
    assert (body["deployables"], body["guards"], body["troubled"]) == ({"stopped": 1}, [], [])
    assert "actions_in_flight: 0" in pcloud("top", "--once", "-o", "yaml").out


def test_without_a_daemon_it_is_exit_code_6(alone: Pcloud) -> None:
    for options in (["--once"], []):
        ended = alone("top", *options)
        assert (ended.code, ended.out) == (6, "")
        assert "no daemon answers" in ended.err


def test_looks_that_follow_too_fast_are_a_usage_error(alone: Pcloud) -> None:
    ended = alone("top", "--interval", "0.1")
    assert ended.code == 2
    assert "at least 0.2s" in ended.err


@pytest.fixture
def place(served: Served) -> Path:
    (served.path.parent / "blog.yaml").write_text(BLOG)
    return served.path


@pytest.mark.real
def test_in_a_pipe_each_look_is_written_until_nobody_reads(place: Path, pcloud: Pcloud) -> None:
    pcloud("deployable", "start", "blog.yaml", "--no-wait")
    ended = sh(place, "pcloud top -d 0.2 -o json | head -4")
    looks = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (len(looks), ended.returncode, ended.stderr) == (4, 0, "")
    assert len({str(look["assemblies"]) for look in looks}) > 1
    ended = sh(place, "pcloud top -d 0.2 | head -30")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("HOW THEY STAND") > 1
    assert "\x1b" not in ended.stdout


@pytest.mark.real
def test_it_is_live_survives_a_restart_of_the_daemon_and_gives_the_terminal_back(
    place: Path, served: Served, controller: MemoryController, pcloud: Pcloud
) -> None:
    pcloud("deployable", "start", "blog.yaml", "--no-wait")
    with on_terminal(place, "top", "-d", "0.2") as terminal:
        terminal.until(lambda text: "IN TROUBLE" in unstyled(text))
        terminal.until(lambda text: "\x1b[32mhealthy" in text)
        served.stop()
        terminal.until(lambda text: "no daemon answers" in unstyled(text))
        terminal.text = terminal.text[:20]
        with Served(controller, place):
            terminal.until(lambda text: "Ctrl-C ends this" in text)
            terminal.process.send_signal(signal.SIGINT)
            assert terminal.end() == 0
    assert terminal.text.startswith(ALTERNATE)
    _, _, rest = terminal.text.partition(BACK)
    assert "no guard holds" in unstyled(rest)
    assert "\x1b[?25h" in terminal.text  # the cursor is back
    assert "Traceback" not in terminal.text


@pytest.mark.real
def test_without_colour_nothing_is_coloured(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = sh(place, "pcloud top --once", NO_COLOR="1", FORCE_COLOR="1")
    assert "no guard holds" in unstyled(ended.stdout)
    assert "\x1b[3" not in ended.stdout
