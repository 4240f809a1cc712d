"""What the tests of the policy have, these have too."""

from tests.policy.conftest import every_scenario_is_replayed

__all__ = ["every_scenario_is_replayed"]
