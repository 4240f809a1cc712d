"""A spec and the state that goes by it become durable in one transaction, or neither does."""

from __future__ import annotations

from pathlib import Path

import pytest

from cpe.shell.store.sqlite import SqliteStore
from pcloud.errors import StoreError
from pcloud.model.events import SettingsChanged, Ticked
from pcloud.model.facts import Taken
from pcloud.model.plan import DeployablePlan
from pcloud.records.requests import SpecUpload
from tests.store.states import UPLOAD, state

pytestmark = pytest.mark.real

OTHER = SpecUpload(source="deployable: shop\n# another\n", path="shop.yaml", files={})


def taken(spec: str) -> Taken:
    return Taken(SettingsChanged(at=1.0, plan=DeployablePlan("shop"), spec=spec))


async def in_force(store: SqliteStore) -> SpecUpload:
    stored = await store.deployable("shop")
    assert stored is not None
    return stored.upload


async def test_the_record_that_names_a_staged_spec_puts_it_in_force_and_no_other_does(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        await store.save_deployable("shop", UPLOAD)
        with store.staged("shop", "that", OTHER):
            for fact in (Taken(Ticked(at=1.0)), taken(""), taken("this")):
                await store.record(state(), at=1.0, wall=1.0, reports=[], facts=[fact])
                assert await in_force(store) == UPLOAD
            await store.record(state("mall"), at=1.0, wall=1.0, reports=[], facts=[taken("that")])
            assert await in_force(store) == UPLOAD
            commits = store.commits
            await store.record(state(serial=7), at=1.0, wall=1.0, reports=[], facts=[taken("that")])
            assert store.commits == commits + 1
            assert await in_force(store) == OTHER
    async with SqliteStore(tmp_path) as store:
        assert await in_force(store) == OTHER


async def test_what_is_staged_no_more_comes_into_force_no_more(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        await store.save_deployable("shop", UPLOAD)
        with store.staged("shop", "that", OTHER):
            pass
        await store.record(state(), at=1.0, wall=1.0, reports=[], facts=[taken("that")])
        assert await in_force(store) == UPLOAD


async def test_a_spec_that_is_no_text_is_refused_before_it_is_staged(tmp_path: Path) -> None:
    async with SqliteStore(tmp_path) as store:
        with pytest.raises(StoreError, match="not valid Unicode"), store.staged("shop", "that", SpecUpload(source="\ud800", path="s")):
            raise AssertionError("it was staged")
