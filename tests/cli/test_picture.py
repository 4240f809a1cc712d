"""The picture of a recovery, from the events of two real ones: of a machine that hung, and of the same one destroyed."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from pcloud.model.actions import Decision
from pcloud.model.words import Choice, Rung
from pcloud.records.event import EventRecord
from pcloud.screen.picture import svg
from pcloud.screen.timeline import MOST_LANES, MOST_STEPS, Timeline, timeline_of
from tests.api.memory_controller import MemoryController
from tests.api.serving import Served
from tests.cli.conftest import Pcloud

EVENTS = [EventRecord.model_validate_json(line) for line in (Path(__file__).parent / "pictured" / "pair.jsonl").read_text().splitlines()]
REBOOT, RELAUNCH, FOLLOWING = "pair.9", "pair.14", "pair.21"


def decision(identity: str) -> EventRecord:
    return next(each for each in EVENTS if each.record is not None and each.record.id == identity)


def of(scope: str, first: str, last: str = "", events: list[EventRecord] = EVENTS) -> Timeline:
    return timeline_of(events, scope, decision(first), decision(last or first))


def bars(timeline: Timeline) -> dict[str, str]:
    """``suspect 10.5, failed 0.1``: the lanes in words."""
    return {lane.target: ", ".join(f"{each.word} {each.end - each.begin:.1f}" for each in lane.stretches) for lane in timeline.lanes}


def texts(picture: str) -> str:
    """All that is written in it, tooltips too."""
    return "\n".join(each.text or "" for each in Xml.fromstring(picture.encode()).iter())


def test_a_machine_that_is_launched_anew_is_shown_from_its_silence_until_it_is_well() -> None:
    timeline = of("pair/back", RELAUNCH)
    assert bars(timeline)["pair/back"] == (
        "suspect 10.5, failed 0.1, fencing 0.2, launching 3.3, booting 0.8, provisioning 0.2, starting 1.5, verifying 0.9, healthy 0.0"
    )
    assert timeline.ended
    assert timeline.length == pytest.approx(17.61, abs=0.01)
    decided = [step.text for step in timeline.steps if step.decided]
    assert decided[0].startswith("suspect → failed: silent for 10.5s (connection refused), and the cloud says ABSENT; failure 1 of 2")
    assert [step.at for step in timeline.steps] == sorted(step.at for step in timeline.steps)


def test_of_the_whole_deployable_it_goes_on_until_all_that_followed_is_well() -> None:
    timeline = of("pair", RELAUNCH, FOLLOWING)
    assert list(bars(timeline)) == ["pair", "pair/back", "pair/back/service", "pair/front", "pair/front/sleeper"]
    assert bars(timeline)["pair/front"] == "healthy 17.6, configuring 0.7, starting 2.9, verifying 0.2, healthy 0.0"
    assert bars(timeline)["pair"] == "recovering 21.5, healthy 0.0"


def test_the_time_in_which_it_was_held_belongs_to_the_recovery() -> None:
    timeline = of("pair/back", REBOOT)
    assert bars(timeline)["pair/back"].startswith("suspect 2.0, held 1.5, failed 0.1, rebooting 6.5, booting 0.8")
    assert [step.text for step in timeline.steps if step.alert] == ["suspect → held: no second sight"], "told once"


def test_one_that_is_not_over_is_said_to_be_so() -> None:
    until_then = [each for each in EVENTS if each.seq <= decision(RELAUNCH).seq]
    timeline = of("pair/back", RELAUNCH, events=until_then)
    assert not timeline.ended
    assert "not well yet after 10.5s" in texts(svg(timeline))


def test_the_picture_says_all_of_it_in_words_and_loads_nothing() -> None:
    picture = svg(of("pair", RELAUNCH, FOLLOWING))
    said = texts(picture)
    for words in ("pair: well again after 21.5s", "silence 10.5s", "suspect (silence), 10.5s", "create, attach 3.3s", "boot", "verify"):
        assert words in said
    assert "DECIDED suspect → failed: silent for 10.5s (connection refused), and the cloud says ABSENT" in said
    assert not re.search(r"href|<script|url\(|http://(?!www\.w3\.org/2000/svg)|https://", picture)


def test_nothing_is_drawn_outside_of_it() -> None:
    root = Xml.fromstring(svg(of("pair", RELAUNCH, FOLLOWING)).encode())
    width, height = (float(root.get(name, "0")) for name in ("width", "height"))
    for each in root.iter("{http://www.w3.org/2000/svg}rect"):
        x, y, wide, high = (float(each.get(name, "0")) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height


def test_what_machines_say_cannot_break_the_file() -> None:
    evil = EVENTS[-1].model_copy(update={"reason": "</text><script>alert(1)</script>\x00\x1b[31m\ud800 &amp; " + "x" * 900})
    hostile = [each if each.to != "fencing" else each.model_copy(update={"reason": evil.reason}) for each in EVENTS]
    root = Xml.fromstring(svg(of("pair/back", RELAUNCH, events=hostile)).encode())
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


def test_a_decision_alone_and_one_of_a_storm_of_targets_can_be_drawn() -> None:
    alone = timeline_of([], "pair/back", decision(RELAUNCH), decision(RELAUNCH))
    assert (alone.length, len(alone.steps)) == (0, 1)
    assert "not well yet" in svg(alone)
    held = decision(RELAUNCH).model_copy(update={"record": None, "from_": "healthy", "to": "held"})
    many = [held.model_copy(update={"seq": 900 + number, "assembly": f"m{number}"}) for number in range(100)]
    crowd = timeline_of([decision(RELAUNCH), *many], "pair", decision(RELAUNCH), decision(RELAUNCH))
    assert (len(crowd.lanes), len(crowd.steps)) == (MOST_LANES, MOST_STEPS)
    assert "more targets changed meanwhile" in texts(svg(crowd))
    assert crowd.hidden == (101 - MOST_LANES, 101 - MOST_STEPS)


RECORD = Decision("blog.1", Choice.ACT, "section 3.2", Rung.RESTART, Rung.RESTART, 1, 3, 600.0, ("gone",))


@pytest.mark.real
def test_explain_writes_it_to_a_file_or_to_standard_output(
    pcloud: Pcloud, served: Served, controller: MemoryController, tmp_path: Path
) -> None:
    pcloud("deployable", "start", "blog.yaml")
    served.do(lambda: controller.report("blog", "web", kind="decided", before="healthy", to="failed", reason="gone", record=RECORD))
    served.do(lambda: controller.report("blog", "web", kind="changed", before="failed", to="healthy"))
    ended = pcloud("explain", "blog/web", "--svg", "web.svg")
    assert (ended.code, ended.out, ended.err) == (0, "the picture is in web.svg\n", "")
    assert "DECIDED healthy → failed: gone" in texts((tmp_path / "web.svg").read_text())
    ended = pcloud("explain", "blog/web", "--svg", "-")
    assert ended.out == (tmp_path / "web.svg").read_text()
    ended = pcloud("explain", "blog/web", "--svg", "no/such/place.svg")
    assert (ended.code, ended.err) == (1, "error: the picture cannot be written to no/such/place.svg: No such file or directory\n")


@pytest.mark.real
def test_where_nothing_was_decided_there_is_no_picture(pcloud: Pcloud, tmp_path: Path) -> None:
    pcloud("deployable", "create", "blog.yaml")
    ended = pcloud("explain", "blog", "--svg", "blog.svg")
    assert (ended.code, ended.out) == (3, "")
    assert "nothing was decided about blog yet" in ended.err
    assert not (tmp_path / "blog.svg").exists()
