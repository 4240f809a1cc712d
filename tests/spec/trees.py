"""Any data that YAML can hold, made of the words that the spec format knows and of others."""

from __future__ import annotations

from hypothesis import strategies as st

from pcloud.spec.recovery import RecoveryKeys, RungKeys
from pcloud.spec.schema import AssemblyKeys, CheckKeys, DeployableKeys, ResourceKeys

WORDS = [
    *(name for model in (DeployableKeys, AssemblyKeys, ResourceKeys, CheckKeys, RecoveryKeys, RungKeys) for name in model.model_fields),
    *("from", "script", "inline", "cloud_config", "command", "mount", "file", "env", "web", "mysql", "lab", "relaunch"),
    *("systemd:x", "process:y", "5s", "5GiB", "${web.address}", "http://${x}/"),
]

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 70000), st.floats(), st.sampled_from(WORDS), st.text(max_size=5), st.dates())
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=3), inner, max_size=5),
    max_leaves=30,
)
