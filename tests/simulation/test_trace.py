from __future__ import annotations

import pytest

from pcloud.model.words import InstanceStatus, Rung
from pcloud.simulation import facts
from pcloud.simulation.facts import Course, Deed, Extent, Target
from pcloud.simulation.trace import TraceError, read_trace
from tests.policy.plans import WORDPRESS


def read(text: str) -> tuple[facts.Fact, ...]:
    return read_trace(text, WORDPRESS, "trace.txt")


def test_every_line_of_the_interface_is_a_fact() -> None:
    text = """
    # a comment, and an empty line

    12 fail web/apache
    20 pass web/apache    # and why
    30 silent mysql until never for 1m
    40 cloud mysql SHUTOFF
    45 external-stop mysql
    50 cloud-api down
    55 anchors up
    60 stall 45s
    70 pause 1h
    80 action restart hangs web/apache
    90 approve
    95 confirm-dead mysql
    """
    target = Target("web", "apache")
    assert read(text) == (
        facts.ServiceFailed(at=12, line=4, target=target, soft=False, extent=Extent(Rung.RESTART)),
        facts.ServicePassed(at=20, line=5, target=target),
        facts.MachineSilenced(at=30, line=6, assembly="mysql", extent=Extent(None, 60)),
        facts.CloudSaid(at=40, line=7, assembly="mysql", status=InstanceStatus.SHUTOFF),
        facts.StoppedOutside(at=45, line=8, assembly="mysql"),
        facts.CloudTurned(at=50, line=9, up=False),
        facts.AnchorsTurned(at=55, line=10, up=True),
        facts.ControllerStood(at=60, line=11, seconds=45),
        facts.Paused(at=70, line=12, seconds=3600),
        facts.DeedTurned(at=80, line=13, deed=Deed.RESTART, course=Course.HANGS, target=target),
        facts.Approved(at=90, line=14),
        facts.DeathTold(at=95, line=15, assembly="mysql"),
    )


@pytest.mark.parametrize(
    ("words", "soft", "extent"),
    [
        ("web/apache", False, Extent(Rung.RESTART)),
        ("web", False, Extent(Rung.REBOOT)),
        ("web/apache soft", True, Extent(Rung.RESTART)),
        ("web/apache until reboot", False, Extent(Rung.REBOOT)),
        ("web/apache until never", False, Extent(None)),
        ("web/apache for 30s", False, Extent(None, 30)),
        ("web/apache soft for 1m30s until relaunch", True, Extent(Rung.RELAUNCH, 90)),
    ],
)
def test_a_failure_lasts_until_it_is_acted_on_unless_the_line_says_otherwise(words: str, soft: bool, extent: Extent) -> None:
    (fact,) = read(f"1 fail {words}")
    assert isinstance(fact, facts.ServiceFailed)
    assert (fact.soft, fact.extent) == (soft, extent)


@pytest.mark.parametrize(("written", "seconds"), [("0", 0), ("12.5", 12.5), ("1h2m3s", 3723), ("90s", 90), ("250ms", 0.25)])
def test_times_are_seconds_or_hours_minutes_and_seconds(written: str, seconds: float) -> None:
    assert read(f"{written} approve")[0].at == seconds


def test_an_action_may_be_about_everything_an_assembly_or_a_service_and_a_check_stands_for_its_service() -> None:
    lines = read("1 action stop fails\n2 action reboot hangs web\n3 action restart fails web/site")
    assert [fact.target for fact in lines if isinstance(fact, facts.DeedTurned)] == [Target(), Target("web"), Target("web", "apache")]


@pytest.mark.parametrize(
    ("line", "message", "cure"),
    [
        ("12 fial web/apache", '"fial" is no fact', 'did you mean "fail"?'),
        ("soon fail web", '"soon" is no moment', "12 fail web/httpd"),
        ("-1 approve", '"-1" is no moment', "12 fail web/httpd"),
        ("12", "nothing happens at 12", "12 fail web/httpd"),
        ("12 fail", "something is missing", "TIME fail ASSEMBLY[/RESOURCE]"),
        ("12 fail wbe/apache", 'wordpress has no assembly "wbe"', 'did you mean "web"?'),
        ("12 fail web/apach", 'web has no resource "apach"', 'did you mean "apache"?'),
        ("12 fail web/", 'web has no resource ""', "resources of web: apache, site"),
        ("12 fail web/apache sof", '"sof" is too much', "TIME fail"),
        ("12 fail web/apache until rebot", '"rebot" is no end of it', 'did you mean "reboot"?'),
        ("12 fail web until restart", '"restart" is no end of it', "reboot"),
        ("12 fail web/apache for ever", '"ever" is not a duration', "write a duration"),
        ("12 fail web/apache for 1s for 2s", '"for" is there twice', "TIME fail"),
        ("12 silent web/apache", '"web/apache" is not an assembly', "TIME silent ASSEMBLY"),
        ("12 silent web until restart", '"restart" is no end of it', "reboot"),
        ("12 cloud web GONE", '"GONE" is no status', ""),
        ("12 cloud-api of", '"of" is no state of it', "known: down, up"),
        ("12 stall", "something is missing", "write a duration"),
        ("12 action reboot hang", '"hang" is no course of an action', 'did you mean "hangs"?'),
        ("12 action reboot fails web/apache", "a reboot is of an assembly, not of web/apache", "name web"),
        ("12 approve all", '"all" is too much', "TIME approve"),
    ],
)
def test_a_line_that_is_no_fact_says_where_what_is_wrong_and_what_would_be_right(line: str, message: str, cure: str) -> None:
    with pytest.raises(TraceError) as caught:
        read(f"# first\n{line}\n")
    assert str(caught.value).startswith("trace.txt:2: ")
    assert message in str(caught.value)
    assert cure in caught.value.cure
    assert caught.value.exit_code == 2


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(TraceError, match=r"trace.txt:2: time runs backwards: 1m after 90s"):
        read("90 approve\n1m approve")
