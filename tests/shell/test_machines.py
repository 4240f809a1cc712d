"""Launching and fencing, whatever the cloud answers and whatever others have left there (policy.md section 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pcloud.errors import AmbiguousError, HardInfrastructureError, InfrastructureError
from pcloud.model.events import InstanceListed
from pcloud.model.instance import InstanceReading, LaunchOrder
from pcloud.model.words import InstanceStatus
from tests.infrastructures.memory_cloud import MemoryCloud
from tests.shell.house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def statuses(house: House) -> dict[str, str]:
    return {node.id: str(node.status) for node in house.cloud.nodes.values()}


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_generation_that_is_not_there_is_created_with_its_volume(house: House) -> None:
    made = await house.launch(1)
    assert (made.id, made.generation, made.address, made.user) == ("lab-1", 1, "10.0.0.1", "debian")
    assert made.host_key == house.keyring.host_pair("shop", "db", 1)[1]
    assert house.cloud.nodes["lab-1"].order.volumes == (("shop-db-data", "/data"),)


async def test_a_generation_that_is_there_is_adopted_and_not_created_again(house: House) -> None:
    made = house.put(1)
    assert (await house.launch(1)).id == made.id
    assert house.cloud.asked == []


async def test_of_twins_the_second_is_stopped(house: House) -> None:
    first, second = house.put(1), house.put(1)
    assert (await house.launch(1, resumed=True)).id == first.id
    assert statuses(house) == {first.id: "ACTIVE", second.id: "SHUTOFF"}


async def test_a_twin_in_error_is_none(house: House) -> None:
    broken, sound = house.put(1), house.put(1)
    broken.status = InstanceStatus.ERROR
    assert (await house.launch(1)).id == sound.id
    assert house.cloud.asked == []


async def test_an_older_generation_that_runs_is_off_before_the_new_one_is_created(house: House) -> None:
    house.cloud.slowness = 7.0
    old = house.put(1)
    made = await house.launch(2)
    assert statuses(house) == {old.id: "SHUTOFF", made.id: "ACTIVE"}
    assert house.cloud.asked == [f"stop {old.id}", "release shop-db-data", "create shop-db-2"]
    assert now() >= 7.0


async def test_an_older_generation_that_is_off_is_left_alone(house: House) -> None:
    old = house.put(1)
    old.status = InstanceStatus.SHUTOFF
    await house.launch(2)
    assert f"stop {old.id}" not in house.cloud.asked


async def test_an_older_generation_in_error_is_deleted_before_the_new_one_is_created(house: House) -> None:
    old = house.put(1)
    old.status = InstanceStatus.ERROR
    made = await house.launch(2)
    assert statuses(house) == {made.id: "ACTIVE"}
    assert house.cloud.asked[0] == f"destroy {old.id}"


@pytest.mark.parametrize("status", [each for each in InstanceStatus if each is not InstanceStatus.ABSENT])
async def test_a_newer_generation_is_never_touched_and_nothing_is_done_beside_it(house: House, status: InstanceStatus) -> None:
    newer, older = house.put(3), house.put(1)
    newer.status = status
    for _ in range(2):
        with pytest.raises(InfrastructureError, match=f"{newer.id} of db is of generation 3 and not of our making: ours is 2"):
            await house.launch(2)
        with pytest.raises(InfrastructureError, match="generation 3"):
            await house.machines.destroy_all("lab", "db", 2, house.instance(older))
    assert house.cloud.asked == []
    assert statuses(house) == {newer.id: str(status), older.id: "ACTIVE"}


async def test_a_newer_generation_that_the_list_shows_and_the_cloud_does_not_know_is_none(house: House) -> None:
    deleted = house.put(3)
    listed = await house.cloud.find("shop", "db")

    class Behind(MemoryCloud):
        async def find(self, deployable: str, assembly: str) -> Sequence[InstanceReading]:
            return [*listed, *await super().find(deployable, assembly)]

    house.cloud = Behind(made=1)  # no id is given twice
    made = await house.launch(2)
    assert statuses(house) == {made.id: "ACTIVE"}
    assert deleted.id not in {fact.fields["instance_id"] for fact in house.posted if fact.fields["generation"] == 3}


async def test_what_a_list_shows_is_told_before_anything_is_done_about_it(house: House) -> None:
    old, newer = house.put(1), house.put(4)
    old.status = InstanceStatus.SHUTOFF
    with pytest.raises(InfrastructureError):
        await house.launch(2)
    told = [(fact.kind, fact.fields["instance_id"], fact.fields["generation"], fact.fields["status"]) for fact in house.posted]
    assert told == [(InstanceListed, old.id, 1, "SHUTOFF"), (InstanceListed, newer.id, 4, "ACTIVE")]
    assert {fact.fields["infrastructure"] for fact in house.posted} == {"lab"}


async def test_a_twin_is_stopped_and_never_deleted(house: House) -> None:
    twin = house.put(1)
    for _ in range(2):
        await house.machines.stop("lab", twin.id)
    assert statuses(house) == {twin.id: "SHUTOFF"}
    twin.status = InstanceStatus.ERROR
    with pytest.raises(InfrastructureError, match="cannot be seen to be off"):
        await house.machines.stop("lab", twin.id)
    await house.machines.stop("lab", "gone-already")
    assert list(house.cloud.nodes) == [twin.id]


async def test_the_volume_is_taken_from_the_fenced_predecessor(house: House) -> None:
    first = await house.launch(1)
    assert await house.machines.fence(first, disposable=False)
    second = await house.launch(2)
    assert [node.id for node in house.cloud.nodes.values() if node.order.volumes] == [second.id]


async def test_a_kept_predecessor_that_somebody_started_is_off_again_before_the_next_generation_comes(house: House) -> None:
    first = await house.launch(1)
    assert await house.machines.fence(first, disposable=False)
    second = await house.launch(2)
    await house.cloud.start(first.id)
    assert await house.machines.fence(second, disposable=False)
    third = await house.launch(3)
    assert statuses(house) == {first.id: "SHUTOFF", second.id: "SHUTOFF", third.id: "ACTIVE"}
    assert [node.id for node in house.cloud.nodes.values() if node.order.volumes] == [third.id]


async def test_whatever_is_kept_goes_with_its_assembly(house: House) -> None:
    for generation in (1, 2):
        made = await house.launch(generation)
        assert await house.machines.fence(made, disposable=False)
    await house.machines.destroy_all("lab", "db", 2, None)
    assert house.cloud.nodes == {}


async def test_what_an_ambiguous_creation_made_is_looked_for_and_adopted(house: House) -> None:
    house.cloud.late = 5.0
    made = await house.launch(1)
    assert made.id == "lab-1"
    assert list(house.cloud.nodes) == ["lab-1"]
    assert 5.0 <= now() < house.cloud.lateness


async def test_a_twin_that_one_creation_made_is_told_when_the_launch_is_done(house: House) -> None:
    class Twice(MemoryCloud):
        async def create(self, order: LaunchOrder) -> InstanceReading:
            made = await super().create(replace(order, volumes=()))
            self.put(order)
            return made

    house.cloud = Twice()
    made = await house.launch(1)
    assert made.id == "lab-1"
    assert [fact.fields["instance_id"] for fact in house.posted if fact.kind is InstanceListed] == ["lab-1", "lab-2"]


async def test_a_launch_that_is_done_does_not_fail_for_want_of_a_list(house: House) -> None:
    class Silent(MemoryCloud):
        async def create(self, order: LaunchOrder) -> InstanceReading:
            made = await super().create(order)
            self.down = True  # from here on
            return made

    house.cloud = Silent()
    assert (await house.launch(1)).id == "lab-1"


async def test_an_ambiguous_creation_that_made_nothing_fails_when_nothing_can_turn_up_any_more(house: House) -> None:
    house.cloud.late = 1000.0
    with pytest.raises(AmbiguousError, match="no answer to creating shop-db-1"):
        await house.launch(1)
    assert now() >= house.cloud.lateness
    assert house.cloud.asked.count("create shop-db-1") == 1


async def test_a_volume_of_an_ambiguous_creation_is_looked_for_and_taken(house: House) -> None:
    house.cloud.late_disk = 5.0
    await house.launch(1)
    assert list(house.cloud.disks) == ["shop-db-data"]
    assert house.cloud.nodes["lab-1"].order.volumes == (("shop-db-data", "/data"),)
    assert now() >= 5.0


async def test_no_second_volume_is_made_before_the_first_can_turn_up_no_more(house: House) -> None:
    house.cloud.late_disk = 1000.0
    with pytest.raises(AmbiguousError, match="no answer to creating volume shop-db-data"):
        await house.launch(1)
    assert now() >= house.cloud.lateness
    assert (list(house.cloud.disks), house.cloud.nodes) == (["shop-db-data"], {})


async def test_an_instance_that_is_off_is_switched_on_when_it_is_launched(house: House) -> None:
    found = house.put(1)
    found.status = InstanceStatus.SHUTOFF
    await house.launch(1)
    assert house.cloud.asked == [f"start {found.id}"]


async def test_an_instance_that_could_not_be_built_fails_the_launch(house: House) -> None:
    house.cloud.born = InstanceStatus.ERROR
    with pytest.raises(InfrastructureError, match="lab could not build lab-1: ERROR"):
        await house.launch(1)


@pytest.mark.parametrize("unheard", [1, 5])
async def test_an_instance_that_is_there_is_not_given_up_for_answers_that_do_not_come(house: House, unheard: int) -> None:
    class Mute(MemoryCloud):
        unheard = 0

        async def read(self, instance_id: str) -> InstanceReading:
            self.unheard -= 1
            if self.unheard >= 0:
                raise AmbiguousError(f"no answer about {instance_id}")
            return await super().read(instance_id)

    house.cloud = mute = Mute(born=InstanceStatus.BUILD, slowness=2.0)
    mute.unheard = unheard
    asyncio.get_running_loop().call_later(1.5, lambda: setattr(mute.nodes["lab-1"], "status", InstanceStatus.ACTIVE))
    made = await house.launch(1)
    assert list(mute.nodes) == [made.id]
    mute.unheard = unheard
    await house.machines.destroy("lab", made.id)
    assert mute.nodes == {}


async def test_what_was_asked_for_and_not_answered_is_asked_for_again(house: House) -> None:
    class Deaf(MemoryCloud):
        deaf = 2

        def hears(self) -> None:
            self.deaf -= 1
            if self.deaf >= 0:
                raise AmbiguousError("no answer")

        async def start(self, instance_id: str) -> None:
            self.hears()
            await super().start(instance_id)

        async def stop(self, instance_id: str) -> None:
            self.hears()
            await super().stop(instance_id)

        async def destroy(self, instance_id: str) -> None:
            self.hears()
            await super().destroy(instance_id)

    house.cloud = deaf = Deaf(born=InstanceStatus.SHUTOFF)
    made = await house.launch(1)
    assert statuses(house) == {made.id: "ACTIVE"}
    deaf.deaf = 2
    assert await house.machines.fence(made, disposable=False)
    assert statuses(house) == {made.id: "SHUTOFF"}
    deaf.deaf = 2
    await house.machines.destroy("lab", made.id)
    assert deaf.nodes == {}


async def test_what_a_cloud_refuses_for_good_is_not_asked_again(house: House) -> None:
    class Refusing(MemoryCloud):
        async def read(self, instance_id: str) -> InstanceReading:
            raise HardInfrastructureError("no")

    house.cloud = Refusing(born=InstanceStatus.BUILD)
    with pytest.raises(HardInfrastructureError):
        await house.launch(1)


async def test_everything_that_carries_the_assemblys_tags_goes_when_it_is_destroyed(house: House) -> None:
    house.cloud.slowness = 2.0
    kept = await house.launch(1)
    house.put(1)
    house.put(2)
    await house.machines.destroy_all("lab", "db", 2, kept)
    assert house.cloud.nodes == {}
