"""The graph of stages: order, what runs at once, what becomes of a failure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openstack_lab.errors import LabError
from openstack_lab.stages import Stage, Timing, run, table

Said = list[str]


def nothing() -> None:
    pass


def ran(stages: Sequence[tuple[str, tuple[str, ...]]]) -> list[str]:
    order: list[str] = []

    def note(name: str) -> Callable[[], None]:
        return lambda: order.append(name)

    run([Stage(name, note(name), needs) for name, needs in stages], lambda line: None)
    return order


@given(st.lists(st.sets(st.integers(0, 9)), max_size=10), st.randoms(use_true_random=False))
def test_a_stage_runs_after_all_that_it_needs(needs: list[set[int]], random: object) -> None:
    stages = [(str(number), tuple(str(need) for need in wanted if need < number)) for number, wanted in enumerate(needs)]
    order = ran(stages[::-1])
    assert sorted(order) == sorted(name for name, _ in stages)
    assert all(order.index(need) < order.index(name) for name, wanted in stages for need in wanted)


def test_what_needs_nothing_of_each_other_runs_at_once() -> None:
    meeting = threading.Barrier(3, timeout=60)
    run([Stage(name, lambda: (meeting.wait(), None)[1]) for name in "abc"], lambda line: None)


def test_a_failure_names_its_stage_and_lets_nothing_new_begin() -> None:
    def fail() -> None:
        raise LabError("the port is taken")

    begun: list[str] = []
    with pytest.raises(LabError, match=r"^nova-api: answers: the port is taken$"):
        run(
            [Stage("nova-api: answers", fail), Stage("nova: flavours", lambda: begun.append("x"), ("nova-api: answers",))],
            lambda line: None,
        )
    assert begun == []


def test_a_bug_is_not_hidden_in_a_sentence() -> None:
    def stumble() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run([Stage("a", stumble)], lambda line: None)


def test_nobody_waits_for_the_others_once_one_has_failed() -> None:
    released = threading.Event()

    def fail() -> None:
        raise LabError("no")

    try:
        with pytest.raises(LabError):
            run([Stage("slow", lambda: (released.wait(60), None)[1]), Stage("bad", fail)], lambda line: None)
        assert not released.is_set()
    finally:
        released.set()


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ([("a", ("b",)), ("b", ("a",))], "wait for each other: "),
        ([("a", ("nobody",))], "needed and are not there: nobody"),
        ([("a", ()), ("a", ())], "of one name: a"),
    ],
)
def test_a_graph_that_cannot_be_walked_is_refused_before_anything_runs(stages: list[tuple[str, tuple[str, ...]]], words: str) -> None:
    begun: list[str] = []
    with pytest.raises(LabError, match=words):
        run([Stage(name, lambda: begun.append("x"), needs) for name, needs in stages], lambda line: None)
    assert begun == []


def test_each_end_is_said_with_the_seconds_since_the_beginning() -> None:
    said: Said = []
    times = iter([100.0, 100.5, 112.25, 112.3])
    timings = run([Stage("neutron: tables", nothing)], said.append, lambda: next(times))
    assert said == ["  12.3 s  neutron: tables"]
    assert timings == [Timing("neutron: tables", 0.5, 11.75)]


def test_the_table_is_in_the_order_of_the_beginnings() -> None:
    lines = table([Timing("late", 3.0, 1.0), Timing("early one", 0.25, 12.0)])
    assert lines == ["stage        begins      takes", "early one     0.2 s    12.0 s", "late          3.0 s     1.0 s"]
