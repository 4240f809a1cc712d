"""One cause, one recovery (policy.md section 2)."""

from dataclasses import replace

from pcloud.model import actions, events
from pcloud.model.words import Rung
from tests.policy.plans import WORDPRESS, assembly, deployable, resource
from tests.policy.world import World

CHAIN = deployable(
    assembly("db", resource("mysqld", port=3306)),
    assembly("app", resource("php"), after=("db",)),
    assembly("web", resource("apache"), after=("app",)),
)


def hang_restarts(world: World) -> None:
    world.outcomes[actions.RestartResource] = lambda action: None


def finish_restarts(world: World) -> None:
    """The restarts that hang are done now, and from now on."""
    del world.outcomes[actions.RestartResource]
    world.performing.clear()
    world.look()


def failures(world: World, target: str) -> int:
    name, _, resource_name = target.partition("/")
    return len(world.state.assemblies[name].resources[resource_name].failures)


def test_a_failure_while_the_dependency_is_recovering_is_recorded_and_counts_for_nothing() -> None:
    world = World()
    hang_restarts(world)
    world.ail("mysql/mysqld")
    mark = world.mark()
    world.ail("web/apache", "no database")
    assert world.did(mark) == []
    assert world.word("web/apache") == "suppressed"
    assert "wordpress/web/apache  healthy → suppressed: no database; suppressed by mysql" in world.lines(mark)
    assert failures(world, "web/apache") == 0


def test_what_is_well_again_with_the_dependency_is_left_alone() -> None:
    world = World()
    hang_restarts(world)
    world.ail("mysql/mysqld")
    world.ail("web/apache", "no database", cure=None)
    mark = world.mark()
    world.host("web").ill.clear()
    finish_restarts(world)
    assert world.word() == "healthy"
    assert world.did(mark) == []
    assert failures(world, "web/apache") == 0


def test_when_the_dependency_is_healthy_its_dependents_are_probed_again_and_what_still_fails_then_fails_once() -> None:
    world = World()
    hang_restarts(world)
    world.ail("mysql/mysqld")
    world.ail("web/apache")
    mark = world.mark()
    finish_restarts(world)
    orders = [type(each) for each in world.log[mark:] if not isinstance(each, actions.Report) and each.assembly == "web"]
    assert orders[:3] == [actions.ProbeAgain, actions.AskPermit, actions.RestartResource]
    assert world.did(mark) == ["RestartResource web"]
    assert failures(world, "web/apache") == 1
    assert world.word() == "healthy"


def test_suppression_ends_when_the_dependency_is_blocked() -> None:
    world = World()
    hang_restarts(world)
    world.ail("mysql/mysqld")
    world.ail("web/apache")
    world.outcomes[actions.RestartResource] = lambda action: events.ActionRefused(at=0, action=action.id, reason="no such unit")
    world.performing.clear()
    world.look()
    assert world.word("mysql") == "blocked"
    assert failures(world, "web/apache") == 1


def test_suppression_ends_when_the_dependency_is_held() -> None:
    world = World()
    world.host("mysql").unreachable = True  # its sshd died: MySQL still serves
    world.look()
    world.ail("web/apache")
    assert world.word("web/apache") == "suppressed"
    world.advance(70)
    assert world.word("mysql") == "held"
    assert failures(world, "web/apache") == 1


def test_a_dependency_that_begins_to_miss_excuses_its_dependents_before_it_counts_itself() -> None:
    world = World()
    world.mute = True
    for _ in range(2):
        world.say(events.ProbeMissed, "mysql", resource="mysqld", probe="tcp:3306", reason="timeout")
    world.say(events.ProbeFailed, "web", resource="apache", reason="no database")
    world.feed(events.Ticked(at=0))
    assert world.word("web/apache") == "suppressed"


def test_a_dependency_of_a_dependency_excuses_as_well() -> None:
    world = World(CHAIN)
    hang_restarts(world)
    world.ail("db/mysqld")
    world.ail("web/apache", "no database behind")
    assert world.word("web/apache") == "suppressed"
    assert world.word("app") == "healthy"


def test_a_restart_that_waits_is_withdrawn_when_the_dependency_fails() -> None:
    world = World()
    world.ail("web/apache")
    world.ail("web/apache", cure=None)
    assert failures(world, "web/apache") == 2
    hang_restarts(world)
    world.ail("mysql/mysqld")
    world.advance(10)
    assert world.word("web/apache") == "suppressed"
    assert failures(world, "web/apache") == 1


def test_a_restart_that_could_not_verify_without_its_dependency_is_no_failure() -> None:
    world = World()
    world.ail("web/apache", cure=None)
    hang_restarts(world)
    world.ail("mysql/mysqld")
    world.advance(61)
    assert world.word("web/apache") == "suppressed"
    assert failures(world, "web/apache") == 0


def test_a_way_up_that_fails_for_want_of_its_dependency_waits_for_it_and_counts_for_nothing() -> None:
    world = World()
    world.order(Rung.REBOOT, "web")
    world.ail("web/apache", cure=Rung.RESTART)
    world.outcomes[actions.StartResources] = lambda action: None
    world.order(Rung.REBOOT, "web")
    hang_restarts(world)
    world.ail("mysql/mysqld")
    mark = world.mark()
    [start] = [each for each in world.open_actions() if isinstance(each, actions.StartResources)]
    world.feed(events.ActionFailed(at=0, action=start.id, reason="no database"))
    assert world.word("web") == "configuring"
    assert world.state.assemblies["web"].reason == "waiting for mysql"
    assert "no database; suppressed by mysql" in "\n".join(world.lines(mark))
    del world.outcomes[actions.StartResources]
    finish_restarts(world)
    assert world.word() == "healthy"
    assert world.state.assemblies["web"].reboots == ()


def test_a_new_value_of_a_parameter_configures_and_restarts_the_services_in_their_order() -> None:
    world = World()
    mark = world.mark()
    world.order(Rung.RELAUNCH, "mysql")
    [configure] = [each for each in world.log[mark:] if isinstance(each, actions.ConfigureAssembly)]
    [start] = [each for each in world.log[mark:] if isinstance(each, actions.StartResources) and each.assembly == "web"]
    assert configure.parameters == (("DB_HOST", "10.0.0.2"),)
    assert start.resources == ("apache",)
    assert start.restart
    assert "wordpress/web  healthy → configuring: DB_HOST changed: configuring again" in world.lines(mark)
    assert world.word() == "healthy"


def test_an_address_that_stays_the_same_configures_nothing() -> None:
    plan = replace(WORDPRESS, assemblies=(WORDPRESS.assemblies[0], replace(WORDPRESS.assemblies[1], parameters=(("DB", "${mysql.name}"),))))
    world = World(plan)
    mark = world.mark()
    world.order(Rung.RELAUNCH, "mysql")
    assert [each for each in world.did(mark) if each.endswith("web")] == []


def test_configuring_again_waits_for_a_restart_that_is_under_way() -> None:
    world = World()
    hang_restarts(world)
    world.ail("web/apache")
    world.order(Rung.RELAUNCH, "mysql")
    assert "ConfigureAssembly web" not in world.did()[5:]
    finish_restarts(world)
    assert world.did()[-2:] == ["ConfigureAssembly web", "StartResources web"]
    assert world.word() == "healthy"


def test_failing_services_of_a_silent_machine_are_the_machines_failure_alone() -> None:
    world = World()
    world.host("web").frozen = True
    world.look()
    world.say(events.ProbeFailed, "web", resource="site", probe="http", reason="timeout")
    world.advance(30)
    assert world.word("web") == "suspect"
    assert failures(world, "web/site") == failures(world, "web/apache") == 0
    world.advance(60)
    assert world.word() == "healthy"
    assert world.did()[-3:] == ["RebootAssembly web", "ConfigureAssembly web", "StartResources web"]


def test_a_dependent_that_is_silent_too_is_not_judged_while_its_dependency_is_being_recovered() -> None:
    world = World(CHAIN)
    world.outcomes[actions.RebootAssembly] = lambda action: None
    world.freeze("db")
    world.advance(65)
    assert world.word("db") == "rebooting"
    world.freeze("app")
    world.advance(75)
    assert world.word("app") == "suspect"
    assert "RebootAssembly app" not in world.did()
