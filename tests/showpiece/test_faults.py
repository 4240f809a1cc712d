"""The six faults of `make demo-openstack`, each a test of its own, in any order: WordPress and its database in guests of the lab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pcloud.demo.openstack.acts import ACTS, Act, perform
from pcloud.demo.openstack.lab import Lab
from pcloud.demo.openstack.program import a_lab, a_place
from pcloud.demo.openstack.show import ready, stop
from pcloud.demo.openstack.stage import Stage
from pcloud.screen.console import Screen

pytestmark = [
    pytest.mark.showpiece,
    pytest.mark.real,
    pytest.mark.timeout(3600),  # the first of them brings up the lab, and may have to build the image
    pytest.mark.filterwarnings("ignore:.*"),  # libcloud's own
]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """The deployable runs, and a post is written; at the end nothing is left."""
    lab, screen = Lab(), Screen()
    with a_lab(lab, screen, is_up=False) as clouds, a_place(clouds) as place, ready(place, lab, clouds, screen) as made:
        yield made
        stop(made)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.play.__name__)
def test_what_is_broken_is_healed_by_exactly_what_it_needs(stage: Stage, act: Act) -> None:
    times = perform(act, stage)
    assert 0 <= times.detect <= times.healthy
