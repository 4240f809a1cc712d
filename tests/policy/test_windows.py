"""Windows and delays, and the first yardstick."""

import pytest

from dpe.policy import windows
from pcloud.model import actions
from tests.policy.plans import one, recovery, rung
from tests.policy.world import World

YARDSTICK = [
    # at, what follows; 3 failures within 1 s, no delay, one target (policy.md, "A first yardstick")
    (0.0, "R"), (0.0, "R"), (0.0, "E"),
    (0.0, "R"), (0.0, "R"), (0.0, "E"),
    (0.3, "R"), (0.9, "R"), (1.5, "R"), (1.8, "E"), (1.8, "R"),
]  # fmt: skip


def test_the_window_rule_does_what_the_implementation_of_2012_did() -> None:
    settings, times, tried, came = rung(3, 1.0), (), (), ""
    for at, _ in YARDSTICK:
        times = windows.append(times, at, settings)
        if windows.escalates(times, settings, tried):
            came, times = came + "E", ()
        else:
            came, tried = came + "R", (*tried, at)
    assert came == "".join(expected for _, expected in YARDSTICK)


def test_the_same_yardstick_holds_for_the_whole_policy() -> None:
    settings = recovery(restart=rung(3, 1.0), reboot=rung(100, 1.0))
    world = World(one(settings))
    start, came = world.now, ""
    for at, _ in YARDSTICK:
        world.now = start + at
        mark = world.mark()
        world.ail("db/mysqld")
        [first] = [each for each in world.log[mark:] if isinstance(each, actions.RestartResource | actions.RebootAssembly)]
        came += "R" if isinstance(first, actions.RestartResource) else "E"
        assert world.word() == "healthy"
    assert came == "".join(expected for _, expected in YARDSTICK)


@pytest.mark.parametrize(("at", "kept"), [(10.0, (0.0,)), (10.000001, ()), (5.0, (0.0,))])
def test_the_boundary_of_a_window_is_inclusive(at: float, kept: tuple[float, ...]) -> None:
    assert windows.within((0.0,), at, 10.0) == kept


def test_floats_do_not_push_a_failure_out_of_its_window() -> None:
    assert windows.within((0.9,), 0.9 + 0.1 + 0.2 + 0.3 + 0.3, 0.9) == (0.9,)


@pytest.mark.parametrize(
    ("count", "delay"),
    [(1, 0.0), (2, 5.0), (3, 10.0), (4, 20.0), (7, 160.0), (8, 300.0), (5000, 300.0)],
)
def test_delays_double_from_the_second_failure_up_to_the_maximum(count: int, delay: float) -> None:
    assert windows.delay(count, rung(3, 600.0, delay=5.0, max_delay=300.0)) == delay


def test_a_window_that_never_escalates_is_never_full() -> None:
    assert not windows.full(tuple(float(each) for each in range(1000)), rung(0, 1e9))


def test_no_rung_escalates_before_its_own_action_was_tried_in_this_window() -> None:
    settings = rung(2, 100.0)
    assert not windows.escalates((50.0, 60.0), settings, tried=(10.0,))
    assert windows.escalates((50.0, 60.0), settings, tried=(50.0,))


def test_where_one_failure_is_enough_nothing_need_be_tried_before() -> None:
    assert windows.escalates((50.0,), rung(1, 100.0), tried=())
