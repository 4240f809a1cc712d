"""The metrics that are read when somebody asks, each from the object that knows it. docs/metrics.md says what they mean."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from cpe.shell.broadcast import BACKLOG, Broadcast
from cpe.shell.guards import UNWRITTEN, Overseer
from cpe.shell.infrastructures.calls import THREADS
from cpe.shell.infrastructures.calls import WAITING as CALLS
from cpe.shell.infrastructures.registry import Infrastructures
from cpe.shell.metrics.census import Census, Seen
from cpe.shell.polling import Polls
from cpe.shell.store.sqlite import SqliteStore
from cpe.shell.store.writer import WAITING
from pcloud import __version__

Samples = dict[tuple[str, ...], float]
"""By the values of the labels."""


class Lateness(Protocol):
    """Whoever watches the loop."""

    @property
    def lag(self) -> float:
        """Seconds: how late it was at the worst moment of the last minute."""

    @property
    def stalls(self) -> int:
        """How often the loop stood still."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Who knows what."""

    census: Census
    store: SqliteStore
    guards: Overseer
    infrastructures: Infrastructures
    polls: Polls
    streams: Broadcast
    loop: Lateness


class Families(Collector):
    """All of them."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def collect(self) -> Iterable[Metric]:
        yield labelled(GaugeMetricFamily, "pcloud_build_info", "1, with the version that runs.", ["version"], {(__version__,): 1})
        yield from self._deployables()
        yield from self._guards()
        yield from self._infrastructures()
        yield from self._loop()
        yield from self._store()

    def _deployables(self) -> Iterator[Metric]:
        seen = self._sources.census.look()
        for kind, name in (("deployable", "deployables"), ("assembly", "assemblies"), ("resource", "resources")):
            yield by("state", f"pcloud_{name}", f"How many {name} there are, by state.", seen.of(kind))
        yield by("rung", "pcloud_recoveries", "Recoveries under way or waiting, by rung.", seen.of("recovery"))
        yield by("by", "pcloud_recoveries_held", "Recoveries that are held, by the guard, or by approval.", seen.of("held"))
        yield GaugeMetricFamily("pcloud_connections", "Machines with which there is contact now.", seen.of("contact").get("", 0))
        yield GaugeMetricFamily("pcloud_checks_per_second", "Checks that the intervals of what is watched come to.", seen.checks)
        yield GaugeMetricFamily("pcloud_actions_in_flight", "Actions under way.", seen.performing)
        yield GaugeMetricFamily("pcloud_streams", "Readers that follow events.", self._sources.streams.listeners)
        yield from self._queues(seen)

    def _queues(self, seen: Seen) -> Iterator[Metric]:
        queues = {
            "inbox": (seen.waiting, seen.room),
            "notices": (self._sources.guards.unwritten, UNWRITTEN),
            "store": (self._sources.store.load().waiting, WAITING),
            "stream": (self._sources.streams.longest, BACKLOG),
        }
        lengths = {name: now for name, (now, _) in queues.items()}
        limits = {name: most for name, (_, most) in queues.items()}
        yield by("queue", "pcloud_queue_length", "What waits in a queue, in the fullest of its kind.", lengths)
        yield by("queue", "pcloud_queue_limit", "The most that may wait in a queue of that kind.", limits)

    def _guards(self) -> Iterator[Metric]:
        oversight = self._sources.guards.oversight
        holding: Samples = {(each.infrastructure, each.zone, str(each.guard)): 1 for each in self._sources.guards.holding()}
        labels = ["infrastructure", "zone", "guard"]
        yield labelled(GaugeMetricFamily, "pcloud_guard_holding", "1 while a guard holds for all that is there.", labels, holding)
        doubted = "1 while all checks from the controller are doubted."
        yield GaugeMetricFamily("pcloud_outside_doubted", doubted, int(oversight.doubted))
        flights = {name: len(region.flights) for name, region in oversight.regions.items()}
        yield by("infrastructure", "pcloud_recoveries_in_flight", "Reboots and relaunches in flight, as the caps count them.", flights)

    def _infrastructures(self) -> Iterator[Metric]:
        tallies = self._sources.infrastructures.tallies()
        ended = {(name, call, outcome): both for name, tally in tallies.items() for (call, outcome), both in tally.ended.items()}
        labels = ["infrastructure", "call", "outcome"]
        calls: Samples = {key: number for key, (number, _) in ended.items()}
        yield labelled(CounterMetricFamily, "pcloud_infrastructure_calls", "Calls that ended, by verb and outcome.", labels, calls)
        seconds: Samples = {key: together for key, (_, together) in ended.items()}
        yield labelled(
            CounterMetricFamily, "pcloud_infrastructure_call_seconds", "What the calls that ended took, together.", labels, seconds
        )
        under_way = {name: tally.under_way for name, tally in tallies.items()}
        yield by("infrastructure", "pcloud_infrastructure_calls_in_flight", "Calls under way, and those that wait.", under_way)
        ages = self._sources.polls.ages()
        yield by("infrastructure", "pcloud_infrastructure_list_age_seconds", "Since the last list was asked for that was answered.", ages)
        limits = dict.fromkeys(tallies, CALLS + THREADS)
        yield by("infrastructure", "pcloud_infrastructure_calls_limit", "How many calls there may be.", limits)

    def _loop(self) -> Iterator[Metric]:
        loop = self._sources.loop
        yield GaugeMetricFamily("pcloud_loop_lag_seconds", "How late the loop was at the worst moment of the last minute.", loop.lag)
        yield CounterMetricFamily("pcloud_loop_stalls", "How often it stood still for more than 5 s.", loop.stalls)
        yield GaugeMetricFamily("pcloud_tasks", "Tasks of the loop.", len(asyncio.all_tasks()))

    def _store(self) -> Iterator[Metric]:
        load = self._sources.store.load()
        yield CounterMetricFamily("pcloud_store_commits", "Transactions of the store.", load.commits)
        yield CounterMetricFamily("pcloud_store_writes", "Writes in the transactions of the store: group commit.", load.writes)
        yield CounterMetricFamily("pcloud_store_failures", "Transactions of the store that failed.", load.failures)
        yield GaugeMetricFamily("pcloud_store_commit_age_seconds", "How long the transaction under way takes already.", load.under_way)
        sizes = {"store": load.bytes, "log": load.log_bytes}
        yield by("file", "pcloud_store_size_bytes", "Sizes of the files of the store.", sizes)


def by(label: str, name: str, help_text: str, values: Mapping[str, float]) -> Metric:
    """A gauge with one label."""
    return labelled(GaugeMetricFamily, name, help_text, [label], {(key,): value for key, value in values.items()})


def labelled(
    kind: type[GaugeMetricFamily] | type[CounterMetricFamily],
    name: str,
    help_text: str,
    labels: list[str],
    values: Samples,
) -> Metric:
    """A family with its samples, none of them if there is nothing to tell."""
    family = kind(name, help_text, labels=labels)
    for key, value in values.items():
        family.add_metric(list(key), value)
    return family
