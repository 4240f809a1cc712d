"""Starting and stopping in order."""

from tests.policy.world import World


def test_a_deployable_starts_in_dependency_order_and_becomes_healthy() -> None:
    world = World()
    world.start()
    for report in world.reports():
        print(report)
    assert world.word() == "healthy"
    assert world.did() == [
        "LaunchInstance mysql",
        "StartResources mysql",
        "LaunchInstance web",
        "ConfigureAssembly web",
        "StartResources web",
    ]
