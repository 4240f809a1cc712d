"""The API keeps to its own contract: whatever is sent to the real daemon, what comes back is what /v1/openapi.json promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from tests.api.memory_controller import MemoryController
from tests.api.serving import api_before
from tests.api.specs import upload
from tests.api.unix_http import UnixAdapter
from tests.system.running import Daemon

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

BASE = "http://pcloud"
EXAMPLES = 25  # of each operation, beside the hundreds that schemathesis makes from its limits; more: --hypothesis-profile=thorough
TAKING_SPECS = ("/v1/check", "/v1/deployables", "/v1/deployables/{name}/plan", "/v1/deployables/{name}/reload")
SPEC_MAY_BE_WRONG = {"positive_data_acceptance": {"expected-statuses": ["2xx", "404", "409", "422"]}}  # a text, and no spec
STREAM = "/v1/events/stream"  # does not end; test_stream has it
CONFIG = SchemathesisConfig.from_dict({"operations": [{"include-path": path, "checks": SPEC_MAY_BE_WRONG} for path in TAKING_SPECS]})
schema = schemathesis.openapi.from_dict(api_before(MemoryController(), Path("/nowhere")).openapi(), config=CONFIG)


@schema.hook
def map_path_parameters(_context: Any, parameters: Any) -> Any:
    """Two requests of three are about something that is there; what is wrong on purpose stays so."""
    if not isinstance(parameters, dict):
        return parameters
    there = {"name": "blog", "assembly": "web", "resource": "php"}
    return {key: value if len(str(value)) % 3 == 0 else there.get(key, value) for key, value in parameters.items()}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    made = Daemon(tmp_path_factory.mktemp("contract"))
    try:
        made.start()
        yield made
    finally:
        made.clear()


@pytest.fixture
def session(daemon: Daemon) -> Iterator[requests.Session]:
    daemon.client.create(upload())
    with requests.Session() as made:
        made.mount(BASE, UnixAdapter(daemon.socket))
        yield made


@schema.exclude(path=STREAM).parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_contract_has(case: Any, session: requests.Session) -> None:
    case.call_and_validate(base_url=BASE, session=session)


def test_the_daemon_tells_the_contract_that_is_tested_here(session: requests.Session) -> None:
    assert session.get(f"{BASE}/v1/openapi.json").json() == schema.raw_schema
