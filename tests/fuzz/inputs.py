"""Inputs for a target as hypothesis makes them."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.feeding import Feed, damaged
from tests.fuzz.target import Target


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Any bytes, and a seed with some of its own changed."""
    changed = st.builds(lambda seed, changes: damaged(seed, Feed(changes)), st.sampled_from(target.seeds), st.binary(max_size=40))
    return st.one_of(st.binary(max_size=200), changed)
