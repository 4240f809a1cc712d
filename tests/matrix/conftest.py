"""The daemon of a system test."""

from tests.system.conftest import daemon as daemon  # noqa: PLC0414 - a fixture is found by its name here
