"""Audits at a cloud, in virtual time: what is found, and that nothing is deleted that has come to belong (policy.md section 6)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cpe.policy.strays import Known
from cpe.shell.audits import Audits
from cpe.shell.infrastructures.registry import Infrastructures
from pcloud.errors import AmbiguousError, NotFoundError, RefusedError, StoreError
from pcloud.model.actions import Report
from pcloud.model.instance import InstanceReading, LaunchOrder, Tags, VolumeTags
from pcloud.model.ports import Infrastructure
from pcloud.model.state import DeployableState
from pcloud.model.words import Belonging, InstanceStatus
from pcloud.records.auditing import Cleaned, CleanRequest, InfrastructureAudit, ThingKind
from tests.infrastructures.memory_cloud import MemoryCloud, Node
from tests.policy.plans import assembly, deployable, resource
from tests.policy.world import World

PAIR = deployable(assembly("db", resource("mysqld"), volumes=True), assembly("web", resource("apache")), name="shop")


class Lab(Infrastructures):
    """One infrastructure, in memory."""

    def __init__(self, directory: Path) -> None:
        super().__init__({}, controller="here", state_directory=directory)
        self.cloud = MemoryCloud(name="local")

    def get(self, name: str) -> Infrastructure:
        self.expect(name)
        return self.cloud


class Scene:
    """A deployable as the policy has it, and a cloud that need not agree."""

    def __init__(self, directory: Path) -> None:
        self.lab = Lab(directory)
        self.cloud = self.lab.cloud
        self.states: dict[str, DeployableState | None] = {"shop": World(PAIR).state}
        self.reports: list[Report] = []
        self.full = False
        self.audits = Audits(self.lab, lambda: Known("here", self.states), self.report)

    async def report(self, line: Report) -> None:
        if self.full:
            raise StoreError("the disk is full")
        self.reports.append(line)

    def put(self, place: str, generation: int = 1, controller: str = "here") -> Node:
        whole, _, part = place.partition("/")
        return self.cloud.put(LaunchOrder(f"{whole}-{part}", Tags(controller, whole, part, generation), "host", "", b""))

    async def clean(self, *instances: str, volumes: Sequence[str] = ()) -> tuple[InfrastructureAudit, list[Cleaned]]:
        found = await self.audits.clean("local", CleanRequest(owner="ann", instances=list(instances), volumes=list(volumes)))
        return found, found.cleaned


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_an_infrastructure_without_anything_strange_is_clean(scene: Scene) -> None:
    found = await scene.audits.audit("local")
    assert (found.clean, found.found, found.instances, found.driver) == (True, [], 0, "local")


async def test_a_stray_is_told_with_its_tags_and_why(scene: Scene) -> None:
    node = scene.put("blog/web", 3)
    found = await scene.audits.audit("local")
    [one] = found.found
    assert (found.clean, one.id, one.belonging, one.status) == (False, node.id, Belonging.STRAY, "ACTIVE")
    assert one.whose == "blog/web generation 3"
    assert one.reason == "no deployable blog is registered here"
    assert scene.cloud.asked == []


async def test_another_controllers_leave_it_clean_and_a_higher_generation_does_not(scene: Scene) -> None:
    scene.put("blog/web", controller="there")
    assert (await scene.audits.audit("local")).clean
    scene.put("shop/db", 9)
    found = await scene.audits.audit("local")
    assert ([each.belonging for each in found.found], found.clean) == ([Belonging.FOREIGN, Belonging.HIGHER], False)


async def test_what_the_list_shows_and_the_cloud_does_not_know_any_more_is_no_stray(scene: Scene) -> None:
    gone = scene.put("blog/web").reading()
    scene.cloud.nodes.clear()

    class Behind(MemoryCloud):
        async def instances(self) -> Sequence[InstanceReading]:
            return [gone, *await super().instances()]

    scene.lab.cloud = Behind(name="local")
    assert (await scene.audits.audit("local")).found == []


async def test_only_what_may_be_told_as_ours_is_read_singly(scene: Scene) -> None:
    class Counting(MemoryCloud):
        async def read(self, instance_id: str) -> InstanceReading:
            self.asked.append(f"read {instance_id}")
            return await super().read(instance_id)

    scene.lab.cloud = scene.cloud = Counting(name="local")
    for _ in range(3):
        scene.put("blog/web", controller="there")
    stray, higher = scene.put("blog/web"), scene.put("shop/db", 9)
    await scene.audits.audit("local")
    assert scene.cloud.asked == [f"read {stray.id}", f"read {higher.id}"]


async def test_an_unknown_infrastructure_is_not_found_and_one_that_does_not_answer_is_an_error(scene: Scene) -> None:
    with pytest.raises(NotFoundError):
        await scene.audits.audit("locale")
    scene.cloud.down = True
    with pytest.raises(AmbiguousError):
        await scene.audits.audit("local")


async def test_a_stray_is_seen_off_before_it_is_deleted_and_the_journal_knows_first(scene: Scene) -> None:
    scene.cloud.slowness = 7.0
    node = scene.put("blog/web")
    found, [cleaned] = await scene.clean(node.id)
    assert (cleaned.done, cleaned.said, found.clean) == (True, "off, then deleted", True)
    assert scene.cloud.asked == [f"stop {node.id}", f"destroy {node.id}"]
    assert asyncio.get_running_loop().time() >= 14.0
    assert [each.reason for each in scene.reports] == [f"ann has the stray {node.id} of blog/web generation 1 at local deleted"]


async def test_what_cannot_be_recorded_is_not_done(scene: Scene) -> None:
    node, scene.full = scene.put("blog/web"), True
    found, [cleaned] = await scene.clean(node.id)
    assert (cleaned.done, cleaned.said, found.clean) == (False, "the disk is full", False)
    assert scene.cloud.asked == []


async def test_one_in_error_is_deleted_as_it_is(scene: Scene) -> None:
    node = scene.put("blog/web")
    node.status = InstanceStatus.ERROR
    _, [cleaned] = await scene.clean(node.id)
    assert cleaned.done
    assert scene.cloud.asked == [f"destroy {node.id}"]


async def test_one_that_does_not_go_off_is_not_deleted_and_the_others_are(scene: Scene) -> None:
    stuck, other = scene.put("blog/web"), scene.put("blog/db")
    stop = scene.cloud.stop

    async def deaf(instance_id: str) -> None:
        if instance_id != stuck.id:
            await stop(instance_id)

    scene.cloud.stop = deaf  # type: ignore[method-assign]
    found, cleaned = await scene.clean(stuck.id, other.id)
    assert [(each.done, each.said) for each in cleaned] == [(False, f"{stuck.id} is not SHUTOFF after 3m"), (True, "off, then deleted")]
    assert [each.id for each in found.found] == [stuck.id]


@pytest.mark.parametrize(("place", "generation", "controller"), [("shop/db", 1, "there"), ("shop/db", 9, "here"), ("lame/db", 1, "here")])
async def test_what_is_no_stray_is_never_touched_whoever_asks(scene: Scene, place: str, generation: int, controller: str) -> None:
    scene.states["lame"] = None
    node = scene.put(place, generation, controller)
    _, [cleaned] = await scene.clean(node.id)
    assert not cleaned.done
    assert f"{node.id} is no stray" in cleaned.said
    assert (scene.cloud.asked, scene.reports) == ([], [])


async def test_what_has_come_to_belong_while_it_was_stopped_is_not_deleted(scene: Scene) -> None:
    scene.cloud.slowness = 10.0
    node = scene.put("blog/web")
    asyncio.get_running_loop().call_later(5.0, lambda: scene.states.update(blog=None))
    _, [cleaned] = await scene.clean(node.id)
    assert (cleaned.done, cleaned.said) == (False, f"{node.id} is no stray: it belongs here")
    assert scene.cloud.asked == [f"stop {node.id}"]


async def test_what_is_gone_already_is_done(scene: Scene) -> None:
    _, cleaned = await scene.clean("nothing", volumes=["nothing"])
    assert [(each.kind, each.done, each.said) for each in cleaned] == [
        (ThingKind.INSTANCE, True, "gone already"),
        (ThingKind.VOLUME, True, "gone already"),
    ]


async def test_a_stray_volume_goes_only_when_it_is_named_and_after_what_holds_it(scene: Scene) -> None:
    disk = await scene.cloud.volume("blog", "db", "data", 1)
    node = scene.put("blog/db")
    node.order = replace(node.order, volumes=((disk, "/data"),))
    found, _ = await scene.clean(volumes=[disk])
    assert [each.said for each in found.cleaned] == [f"local: {disk} is attached to {node.id}"]
    found, _ = await scene.clean(node.id)
    assert [(each.kind, each.id, each.status) for each in found.found] == [(ThingKind.VOLUME, disk, "free")]
    found, [cleaned] = await scene.clean(volumes=[disk])
    assert (cleaned.done, found.clean, scene.cloud.disks) == (True, True, {})


async def test_a_volume_of_a_spec_is_never_deleted(scene: Scene) -> None:
    scene.cloud.disks["disk"] = VolumeTags("here", "shop", "db", "data")
    scene.states["shop"] = at_local(scene.states["shop"])
    _, [cleaned] = await scene.clean(volumes=["disk"])
    assert (cleaned.done, list(scene.cloud.disks)) == (False, ["disk"])


def at_local(state: DeployableState | None) -> DeployableState:
    assert state is not None
    assert state.plan is not None
    plan = replace(state.plan, assemblies=tuple(replace(each, infrastructure="local") for each in state.plan.assemblies))
    return replace(state, plan=plan)


async def test_who_must_not_trust_what_he_knows_deletes_nothing(scene: Scene) -> None:
    world = World(PAIR)
    world.resume(doubt="the store was restored from a backup")
    scene.states["shop"], node = world.state, scene.put("blog/web")
    with pytest.raises(RefusedError, match="shop is only observed: the store was restored from a backup"):
        await scene.clean(node.id)
    scene.states = {}
    scene.audits = Audits(scene.lab, lambda: Known("here", {}), scene.report, "the store was restored from a backup")
    with pytest.raises(RefusedError, match="nothing is deleted: the store was restored"):
        await scene.clean(node.id)
    assert scene.cloud.asked == []
