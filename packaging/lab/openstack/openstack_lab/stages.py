"""Stages that need one another, run by as many threads as there are stages that can run.

A stage begins when all that it needs is done. The first that fails ends the whole: what runs already may end by itself, nothing new begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from openstack_lab.errors import LabError


@dataclass(frozen=True)
class Stage:
    """``name`` is "service: what"; ``needs`` are names of other stages."""

    name: str
    act: Callable[[], None]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Timing:
    """When a stage began and how long it took, in seconds; the beginning counted from the run's own."""

    name: str
    began: float
    took: float


def ordered(stages: Sequence[Stage]) -> TopologicalSorter[str]:
    """The graph, ready to be walked; a mistake in it is said before anything is done."""
    names = [stage.name for stage in stages]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LabError(f"stages of one name: {', '.join(twice)}")
    missing = sorted({need for stage in stages for need in stage.needs} - set(names))
    if missing:
        raise LabError(f"stages that are needed and are not there: {', '.join(missing)}")
    graph = TopologicalSorter({stage.name: stage.needs for stage in stages})
    try:
        graph.prepare()
    except CycleError as error:
        raise LabError(f"stages that wait for each other: {' -> '.join(reversed(error.args[1]))}") from error
    return graph


def run(stages: Sequence[Stage], say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> list[Timing]:
    """Runs them all and says each one's end; the error of the first that failed is raised, with the stage's name in front."""
    graph, acts, began = ordered(stages), {stage.name: stage.act for stage in stages}, clock()
    timings: list[Timing] = []

    def timed(name: str) -> Timing:
        at = clock()
        acts[name]()
        return Timing(name, at - began, clock() - at)

    pool = ThreadPoolExecutor(max_workers=len(stages) or 1)
    running: dict[Future[Timing], str] = {}
    try:
        while graph.is_active():
            running.update({pool.submit(timed, name): name for name in graph.get_ready()})
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                name = running.pop(future)
                timings.append(result_of(future, name))
                say(f"{clock() - began:6.1f} s  {name}")
                graph.done(name)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return timings


def result_of(future: Future[Timing], name: str) -> Timing:
    try:
        return future.result()
    except LabError as error:
        raise LabError(f"{name}: {error}") from error


def table(timings: Sequence[Timing]) -> list[str]:
    """One line for each stage in the order of their beginnings, and how long each took."""
    width = max((len(timing.name) for timing in timings), default=5)
    in_order = sorted(timings, key=lambda each: (each.began, each.name))
    rows = (f"{timing.name:{width}} {timing.began:7.1f} s {timing.took:7.1f} s" for timing in in_order)
    return [f"{'stage':{width}}    begins      takes", *rows]
