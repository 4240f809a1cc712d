"""What is kept of replaced instances, over the wire: the same for the stand-in and the real daemon."""

from __future__ import annotations

import pytest

from pcloud.client import Client
from pcloud.errors import NotFoundError
from tests.api.specs import upload

pytestmark = pytest.mark.real


def test_of_what_was_never_replaced_nothing_is_kept(contracted: Client) -> None:
    contracted.create(upload())
    assert contracted.evidence("blog", "web") == []
    for name, assembly in (("nobody", "web"), ("blog", "nobody"), ("blog", "web")):
        with pytest.raises(NotFoundError):
            contracted.evidence(name, assembly, 7)
        with pytest.raises(NotFoundError):
            contracted.console(name, assembly, 7)
