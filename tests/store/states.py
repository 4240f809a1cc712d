"""Random states and reports: every field of every class is filled, as its type allows."""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from cpe.shell.store.sqlite import SqliteStore
from cpe.shell.store.sums import SUMMED
from pcloud.model.actions import POLICY_VERSION, Action, RebootAssembly, Report, RestartResource
from pcloud.model.instance import Instance
from pcloud.model.state import AssemblyState, DeployableState, ResourceState
from pcloud.records.requests import SpecUpload

NAMES = st.sampled_from(["mysql", "web", "a", "b-1"])
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(-(2**62), 2**62),
    float: st.floats(allow_nan=False),
    str: st.text(max_size=6),
    type(None): st.none(),
}


@cache
def of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type of the model."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if origin in (Union, types.UnionType):
        return st.one_of(*map(of, parts))
    if origin is tuple and parts[-1] is Ellipsis:
        return st.lists(of(parts[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(of, parts))
    if origin is Mapping:
        return st.dictionaries(NAMES, of(parts[1]), max_size=2)
    if issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    assert dataclasses.is_dataclass(hint), hint
    hints = get_type_hints(hint)
    return st.builds(
        hint, **{field.name: of(hints[field.name]) for field in dataclasses.fields(hint) if field.name not in {"plan", "target"}}
    )


STATES: st.SearchStrategy[DeployableState] = of(DeployableState).map(lambda state: replace(state, version=POLICY_VERSION))
REPORTS: st.SearchStrategy[Report] = of(Report)
ACTION_KINDS = get_args(Action)

LOST_IN_VERSION_3 = (
    "DROP INDEX facts_kept;" + "".join(f"ALTER TABLE {table} DROP COLUMN sum;" for table in SUMMED) + "PRAGMA user_version = 3;"
)
LOST_IN_VERSION_2 = f"{LOST_IN_VERSION_3} DROP TABLE starts; DROP TABLE doubts; PRAGMA user_version = 2;"
"""What makes a store one of that version, but for what it is written by."""

UPLOAD = SpecUpload(source="deployable: shop\n", path="shop.yaml", files={"a.sh": "#!/bin/sh\n"})
INSTANCE = Instance("i-1", 3, "127.1.2.3", 2200, "pcloud", "ssh-ed25519 AAAA", "local")


def state(name: str = "shop", serial: int = 0) -> DeployableState:
    """A state in the middle of two recoveries."""
    mysqld = ResourceState(failures=(1.0, 2.0), action=RestartResource("r-1", "mysql", "mysqld", 3, 90.0))
    mysql = AssemblyState(
        instance=INSTANCE, resources={"mysqld": mysqld}, action=RebootAssembly("b-2", "mysql", INSTANCE, "boot", hard=True, timeout=120.0)
    )
    return DeployableState(name, assemblies={"mysql": mysql}, serial=serial)


async def made(directory: Path) -> None:
    """A store with something in it, closed again."""
    async with SqliteStore(directory) as store:
        await store.save_deployable("shop", UPLOAD)
        for serial in range(50):
            await store.record(state(serial=serial), at=1.0, wall=1.0, reports=[Report("x")])
