"""The lowest rung: restarting one resource (policy.md section 3)."""

from pcloud.model import actions, events
from pcloud.model.words import Rung
from tests.policy.plans import assembly, deployable, one, recovery, resource, rung
from tests.policy.world import World


def restarts(world: World, since: int = 0) -> int:
    return sum(isinstance(each, actions.RestartResource) for each in world.log[since:])


def test_a_failed_service_is_restarted_at_once_and_the_journal_says_why() -> None:
    world = World(one())
    mark = world.mark()
    world.ail("db/mysqld")
    assert world.did(mark) == ["RestartResource db"]
    assert world.lines(mark)[0] == "app/db/mysqld  healthy → failed: not running; failure 1 of 3 in 10m: restarting"
    assert world.word() == "healthy"


def test_the_second_restart_waits_and_the_third_failure_reboots() -> None:
    world = World(one())
    world.ail("db/mysqld")
    mark = world.mark()
    world.ail("db/mysqld")
    assert world.lines(mark)[0] == "app/db/mysqld  healthy → failed: not running; failure 2 of 3 in 10m: restarting in 5s"
    world.advance(4.9)
    assert world.did(mark) == []
    world.advance(0.2)
    assert world.did(mark) == ["RestartResource db"]
    mark = world.mark()
    world.ail("db/mysqld", cure=Rung.REBOOT)
    assert world.did(mark)[0] == "RebootAssembly db"
    assert world.lines(mark)[0] == ("app/db  healthy → failed: mysqld: not running; failure 3 of 3 in 10m; failure 1 of 2 in 1h: rebooting")


def test_failures_older_than_the_window_are_forgotten() -> None:
    world = World(one())
    for _ in range(5):
        world.ail("db/mysqld")
        world.advance(601)
    assert world.did()[-5:] == ["RestartResource db"] * 5


def test_jitter_lengthens_a_delay_by_a_quarter_at_most_and_is_the_same_for_the_same_seed() -> None:
    def delay(seed: int) -> float:
        world = World(one(), jitter=0.25, seed=seed)
        world.ail("db/mysqld")
        world.ail("db/mysqld")
        pending = world.state.assemblies["db"].resources["mysqld"].recovery
        assert pending is not None
        assert pending.until is not None
        return pending.until - world.now

    delays = [delay(seed) for seed in range(20)]
    assert delays == [delay(seed) for seed in range(20)]
    assert all(5.0 <= each <= 6.25 for each in delays)
    assert len(set(delays)) > 10


def test_a_service_that_passes_while_its_restart_waits_is_left_alone() -> None:
    world = World(one())
    world.ail("db/mysqld")
    world.ail("db/mysqld")
    mark = world.mark()
    world.heal("db/mysqld")
    world.advance(60)
    assert world.did(mark) == []
    assert world.lines(mark)[0] == "app/db/mysqld  failed → healthy: recovered by itself"


def test_a_restart_waits_while_the_service_is_on_its_way_by_itself() -> None:
    world = World(one())
    world.ail("db/mysqld")
    world.ail("db/mysqld")
    mark = world.mark()
    world.ail("db/mysqld", "auto-restart", evidence=events.ProbePending)
    world.advance(10)
    assert world.did(mark) == []
    world.heal("db/mysqld")
    assert world.word() == "healthy"
    assert world.did(mark) == []


def test_a_restart_that_does_not_verify_in_time_is_one_more_failure() -> None:
    world = World(one())
    mark = world.mark()
    world.ail("db/mysqld", cure=Rung.REBOOT)
    assert world.word("db/mysqld") == "recovering"
    world.advance(60)
    assert "app/db/mysqld  recovering → failed: not healthy 1m after its restart: not running; failure 2 of 3 in 10m: restarting in 5s" in (
        world.lines(mark)
    )
    assert restarts(world, mark) == 1
    world.advance(5)
    assert restarts(world, mark) == 2


def test_failures_while_a_restart_acts_or_verifies_do_not_count() -> None:
    world = World(one())
    world.ail("db/mysqld", cure=Rung.REBOOT)
    world.advance(20)
    assert len(world.state.assemblies["db"].resources["mysqld"].failures) == 1


def test_a_restart_that_fails_is_one_more_failure() -> None:
    world = World(one())
    world.outcomes[actions.RestartResource] = lambda action: events.ActionFailed(at=0, action=action.id, reason="exit status 1")
    mark = world.mark()
    world.ail("db/mysqld")
    said = "app/db/mysqld  decided: restart failed: exit status 1; failure 2 of 3 in 10m: restarting in 5s"
    assert said in world.lines(mark)
    world.advance(5)
    assert "RebootAssembly db" in world.did(mark)


def test_a_restart_that_hangs_is_one_more_failure_when_its_time_is_over() -> None:
    world = World(one())
    world.outcomes[actions.RestartResource] = lambda action: None
    world.ail("db/mysqld")
    world.advance(179)
    assert len(world.state.assemblies["db"].resources["mysqld"].failures) == 1
    world.advance(2)
    assert len(world.state.assemblies["db"].resources["mysqld"].failures) == 2


def test_a_stop_that_fails_skips_to_the_reboot_and_the_decision_says_so() -> None:
    world = World(one())
    world.outcomes[actions.RestartResource] = lambda action: events.StopFailed(at=0, action=action.id, reason="still there")
    mark = world.mark()
    world.ail("db/mysqld")
    assert world.did(mark)[:2] == ["RestartResource db", "RebootAssembly db"]
    [record] = [each.record for each in world.reports(mark) if each.record is not None and each.record.action is Rung.REBOOT]
    assert record.rule == "section 3.6"
    assert record.evidence == ("mysqld: its stop failed: still there",)


def test_a_restart_that_is_refused_blocks() -> None:
    world = World(one())
    world.outcomes[actions.RestartResource] = lambda action: events.ActionRefused(at=0, action=action.id, reason="no such unit")
    mark = world.mark()
    world.ail("db/mysqld")
    world.advance(1_000)
    assert world.word("db/mysqld") == "blocked"
    assert world.did(mark) == ["RestartResource db"]
    world.heal("db/mysqld")
    assert world.word() == "healthy"


def test_a_check_with_nothing_to_restart_skips_to_the_reboot() -> None:
    world = World(deployable(assembly("web", resource("site", url="http://x/", agent=False))))
    mark = world.mark()
    world.ail("web/site", "500", cure=Rung.REBOOT)
    assert world.did(mark)[0] == "RebootAssembly web"
    assert "web  healthy → failed: site: 500; nothing to restart; failure 1 of 2 in 1h: rebooting" in world.lines(mark)[0]


CHECKED = deployable(
    assembly(
        "web",
        resource("apache"),
        resource("site", url="http://x/", agent=False, restarts="apache"),
        resource("shop", agent=False, url="http://y/", restarts="apache"),
    )
)


def test_a_check_restarts_the_resource_that_it_names() -> None:
    world = World(CHECKED)
    mark = world.mark()
    world.ail("web/site", "500")
    [order] = [each for each in world.log[mark:] if isinstance(each, actions.RestartResource)]
    assert order.resource == "apache"
    assert "site  healthy → failed: 500; failure 1 of 3 in 10m: restarting apache" in world.lines(mark)[0]


def test_two_checks_that_fail_for_one_service_restart_it_once() -> None:
    world = World(CHECKED)
    world.outcomes[actions.RestartResource] = lambda action: None
    mark = world.mark()
    world.ail("web/site", "500")
    world.ail("web/shop", "500")
    world.ail("web/apache")
    assert restarts(world, mark) == 1
    assert world.word("web/shop") == "suppressed"
    del world.outcomes[actions.RestartResource]
    world.host("web").ill.clear()
    world.performing.clear()
    world.look()
    assert restarts(world, mark) == 1
    assert world.word() == "healthy"


def test_a_failure_of_a_check_is_suppressed_while_its_service_has_failed_itself() -> None:
    world = World(CHECKED)
    world.outcomes[actions.RestartResource] = lambda action: None
    world.ail("web/apache")
    world.ail("web/site", "refused")
    assert world.word("web/site") == "suppressed"
    assert world.state.assemblies["web"].resources["site"].failures == ()


def test_ten_recoveries_of_one_target_in_a_day_are_called_flapping_once() -> None:
    world = World(one(recovery(restart=rung(0, 10.0))))
    for _ in range(15):
        world.ail("db/mysqld")
        world.advance(60)
    assert world.alerts() == ["10 recoveries in 24h"]


def test_a_window_that_never_escalates_only_restarts() -> None:
    world = World(one(recovery(restart=rung(0, 3600.0, delay=1.0, max_delay=8.0))))
    for _ in range(30):
        world.ail("db/mysqld")
        world.advance(8)
    assert "RebootAssembly db" not in world.did()
    assert "failure 30 in 1h, never escalates: restarting in 8s" in "\n".join(world.lines())


def test_a_failure_that_never_was_answered_by_a_restart_does_not_escalate() -> None:
    """Failures that pass while the restart still waits fill the window, but its own action comes first."""
    world = World(one(recovery(restart=rung(3, 100.0, delay=50.0))))
    world.ail("db/mysqld")
    world.advance(99)
    for _ in range(2):
        world.ail("db/mysqld")
        world.advance(1)
        world.heal("db/mysqld")
        world.advance(1)
    mark = world.mark()
    world.ail("db/mysqld")
    assert "failure 3 of 3 in 1m40s: restarting in 1m40s" in world.lines(mark)[0]


def test_a_restart_in_flight_when_the_machine_goes_silent_is_not_a_failure_of_the_service() -> None:
    world = World(one())
    world.outcomes[actions.RestartResource] = lambda action: None
    world.ail("db/mysqld")
    world.freeze("db")
    world.advance(300)
    assert world.state.assemblies["db"].resources["mysqld"].failures == ()
