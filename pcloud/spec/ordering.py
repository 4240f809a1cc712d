"""The order in which assemblies start, and the cycles that make one impossible. The only module that knows networkx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import networkx as nx


def _graph(after: Mapping[str, Sequence[str]]) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(after)
    graph.add_edges_from((name, dependency) for name, dependencies in after.items() for dependency in dependencies if dependency in after)
    return graph


def cycles(after: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """One cycle of every knot of names that wait for each other: ``["mysql", "web", "mysql"]``, the first in the file first.

    ``after`` maps each name, in the order of the file, to those it comes after; unknown ones are left out.
    """
    graph = _graph(after)
    knots = [set(knot) for knot in nx.strongly_connected_components(graph)]
    found = []
    for name in after:
        knot = next(knot for knot in knots if name in knot)
        if name != min(knot, key=list(after).index) or not (len(knot) > 1 or graph.has_edge(name, name)):
            continue
        edges = nx.find_cycle(graph.subgraph([other for other in after if other in knot]), name)
        ring = [edge[0] for edge in edges]
        start = ring.index(name) if name in ring else 0
        ring = ring[start:] + ring[:start]
        found.append([*ring, ring[0]])
    return found


def in_order(after: Mapping[str, Sequence[str]]) -> list[str]:
    """The names so that each stands after those it comes after, and otherwise as in the file. There must be no cycles."""
    place = {name: index for index, name in enumerate(after)}
    return list(nx.lexicographical_topological_sort(_graph(after).reverse(copy=False), key=place.__getitem__))
