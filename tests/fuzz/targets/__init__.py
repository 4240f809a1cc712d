"""All of them."""

from __future__ import annotations

from tests.fuzz.target import Target
from tests.fuzz.targets.accounts import ACCOUNTS
from tests.fuzz.targets.actions import ACTIONS
from tests.fuzz.targets.amazons import AMAZONS
from tests.fuzz.targets.boots import BOOTS
from tests.fuzz.targets.buses import BUSES
from tests.fuzz.targets.clouds import CLOUDS
from tests.fuzz.targets.logins import LOGINS
from tests.fuzz.targets.pages import PAGES
from tests.fuzz.targets.records import RECORDS
from tests.fuzz.targets.stores import STORES
from tests.fuzz.targets.streams import STREAMS
from tests.fuzz.targets.texts import CONFIGS, SPEC_FILES, TRACE_FILES
from tests.fuzz.targets.watchers import WATCHERS

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        WATCHERS,
        ACTIONS,
        BUSES,
        PAGES,
        LOGINS,
        SPEC_FILES,
        CONFIGS,
        TRACE_FILES,
        RECORDS,
        CLOUDS,
        AMAZONS,
        BOOTS,
        STREAMS,
        STORES,
        ACCOUNTS,
    )
}
