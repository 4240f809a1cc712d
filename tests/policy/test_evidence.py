"""Evidence before judgement (policy.md section 1)."""

import pytest

from pcloud.model import events
from pcloud.model.plan import Check, CommandCheck, ResourcePlan
from pcloud.model.words import Health
from tests.policy.plans import assembly, deployable, one, resource
from tests.policy.world import World

HARD, SOFT, PASS, PENDING = events.ProbeFailed, events.ProbeMissed, events.ProbePassed, events.ProbePending
UNKNOWN, BROKEN = events.ProbeUnknown, events.ProbeBroken


def still(*, fall: int = 3, rise: int = 1) -> World:
    """A healthy world in which only what a test says is said: one check with these thresholds, and no agent."""
    check = Check("check", CommandCheck("true"), fall=fall, rise=rise)
    plan = ResourcePlan("mysqld", None, (check,), restarts="other")
    world = World(deployable(assembly("db", resource("other"), plan)))
    assert world.word() == "healthy"
    world.mute = True
    return world


def say(
    world: World, *kinds: type[events.ProbeReported], reason: str = "it says no", resource: str = "mysqld", probe: str = "check"
) -> None:
    for kind in kinds:
        world.say(kind, "db", resource=resource, probe=probe, reason=reason)
        world.feed(events.Ticked(at=world.now))


def health(world: World) -> Health:
    return world.state.assemblies["db"].resources["mysqld"].health


def test_hard_evidence_counts_at_once() -> None:
    world = still()
    say(world, HARD)
    assert world.word("db/mysqld") == "failed"


@pytest.mark.parametrize("fall", [1, 2, 3, 5])
def test_soft_evidence_counts_after_fall_misses_in_a_row(fall: int) -> None:
    world = still(fall=fall)
    say(world, *[SOFT] * (fall - 1))
    assert world.word("db/mysqld") == "healthy"
    say(world, SOFT)
    assert world.word("db/mysqld") == "failed"


def test_a_pass_between_misses_begins_their_row_anew() -> None:
    world = still()
    say(world, SOFT, SOFT, PASS, SOFT, SOFT)
    assert world.word("db/mysqld") == "healthy"


def test_one_unknown_between_misses_does_not_hide_a_failure() -> None:
    world = still()
    say(world, SOFT, SOFT, UNKNOWN)
    assert world.word("db/mysqld") == "healthy"
    say(world, SOFT)
    assert world.word("db/mysqld") == "failed"


def test_rise_passes_make_it_healthy_again() -> None:
    world = still(rise=2)
    say(world, HARD, PASS, SOFT, PASS)
    assert health(world) is Health.FAILED
    say(world, PASS)
    assert health(world) is Health.HEALTHY


def test_a_pass_that_is_not_enough_yet_leaves_the_reason_of_the_failure() -> None:
    world = still(rise=2)
    say(world, HARD, reason="gone")
    say(world, PASS)
    assert world.state.assemblies["db"].resources["mysqld"].reason == "gone"


def test_one_turn_from_healthy_to_failed_is_one_failure() -> None:
    world = still()
    say(world, HARD, HARD, SOFT, SOFT, SOFT, HARD)
    assert len(world.state.assemblies["db"].resources["mysqld"].failures) == 1


def test_pending_is_no_failure_while_its_patience_lasts_and_one_when_it_is_over() -> None:
    world = still()
    say(world, PENDING, reason="activating")
    world.advance(29.9)
    assert world.word("db/mysqld") == "pending"
    world.advance(0.2)
    assert world.word("db/mysqld") == "failed"
    assert world.state.assemblies["db"].resources["mysqld"].reason == "activating for too long"


@pytest.mark.parametrize("between", [SOFT, PENDING])
def test_what_comes_while_it_is_pending_does_not_change_its_patience(between: type[events.ProbeReported]) -> None:
    world = still()
    say(world, PENDING, reason="activating")
    world.advance(20)
    say(world, between)
    assert world.word("db/mysqld") == "pending"
    world.advance(10)
    assert world.word("db/mysqld") == "failed"


def test_a_service_that_was_pending_and_passes_has_not_failed() -> None:
    world = still()
    say(world, PENDING)
    world.advance(20)
    say(world, PASS)
    world.advance(1000)
    assert world.word("db/mysqld") == "healthy"
    assert world.state.assemblies["db"].resources["mysqld"].failures == ()


def test_unknown_is_never_a_failure_and_raises_an_alert_when_it_lasts() -> None:
    world = still()
    say(world, UNKNOWN, reason="needs curl")
    assert world.word("db/mysqld") == "unknown"
    world.advance(299)
    assert world.alerts() == []
    world.advance(1_000)
    assert world.alerts() == ["unknown for 5m: needs curl"]
    assert world.did()[-1] == "StartResources db"


def test_unknown_after_misses_is_alerted_as_well() -> None:
    world = still()
    say(world, SOFT, UNKNOWN, UNKNOWN, reason="queued")
    world.advance(301)
    assert world.alerts() == ["unknown for 5m: queued"]


def test_a_hard_error_blocks_with_an_alert_and_nothing_is_tried() -> None:
    world = World(one())
    mark = world.mark()
    world.ail("db/mysqld", "no such unit", evidence=BROKEN)
    world.advance(1_000)
    assert world.word("db/mysqld") == "blocked"
    assert world.word() == "blocked"
    assert world.alerts() == ["no such unit: blocked"]
    assert world.did(mark) == []


def test_one_pass_unblocks_whatever_rise_says() -> None:
    world = still(rise=3)
    say(world, BROKEN, PASS)
    assert world.word("db/mysqld") == "healthy"


def test_what_is_still_wrong_when_the_hard_error_is_gone_counts_then() -> None:
    world = World(deployable(assembly("db", resource("mysqld", port=3306))))
    world.mute = True
    say(world, BROKEN, probe="", reason="not installed")
    say(world, HARD, probe="tcp:3306", reason="refused")
    assert world.word("db/mysqld") == "blocked"
    world.mute = False
    mark = world.mark()
    say(world, PASS, probe="")
    assert "RestartResource db" in world.did(mark)


def test_evidence_about_another_generation_is_not_looked_at() -> None:
    world = still()
    before = world.state
    world.feed(events.ProbeFailed(at=0, assembly="db", resource="mysqld", generation=7, probe="check", reason="old"))
    world.feed(events.ContactLost(at=0, assembly="db", generation=7, reason="old", last_seen=0.0))
    world.feed(events.CloudAnswered(at=0, assembly="db", instance_id="another", status=events.InstanceStatus.ABSENT))
    assert world.state is before


@pytest.mark.parametrize(("assembly_name", "resource_name"), [("nobody", "mysqld"), ("db", "nobody")])
def test_evidence_about_what_the_plan_does_not_hold_changes_nothing(assembly_name: str, resource_name: str) -> None:
    world = still()
    before = world.state
    world.feed(events.ProbeFailed(at=0, assembly=assembly_name, resource=resource_name, generation=1, reason="?"))
    assert world.state is before


def test_a_resource_is_healthy_only_when_all_its_probes_have_passed() -> None:
    world = World(deployable(assembly("db", resource("mysqld", port=3306))))
    world.mute = True
    say(world, HARD, probe="tcp:3306")
    say(world, PASS, probe="")
    assert health(world) is Health.FAILED
    say(world, PASS, probe="tcp:3306")
    assert health(world) is Health.HEALTHY
