"""Whatever the text, loading ends with a spec or a SpecError."""

from __future__ import annotations

import contextlib
import random

import yaml
from hypothesis import given
from hypothesis import strategies as st

from pcloud.spec.files import files_of
from pcloud.spec.planning import plan
from pcloud.spec.problems import SpecError
from pcloud.spec.recovery import RecoveryKeys, RungKeys
from pcloud.spec.schema import AssemblyKeys, CheckKeys, DeployableKeys, ResourceKeys
from tests.spec.examples import SOUND, loaded

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


def try_to_load(source: str) -> None:
    files_of(source)
    with contextlib.suppress(SpecError):
        plan(loaded(source))


@given(st.text())
def test_any_text(source: str) -> None:
    try_to_load(source)


@given(st.text(alphabet="ab:{}[]&*!|>-?,#'\"% \n\t\\<<~$.0x"))
def test_any_text_of_the_characters_that_yaml_cares_for(source: str) -> None:
    try_to_load(source)


@given(TREES)
def test_any_yaml(tree: object) -> None:
    try_to_load(yaml.safe_dump(tree))


@given(TREES, st.randoms(use_true_random=False))
def test_any_tree_grafted_into_a_sound_spec(tree: object, choice: random.Random) -> None:
    data = yaml.safe_load(SOUND)
    spot, keys = data, list(data)
    while True:
        key = choice.choice(keys)
        inner = spot[key]
        if not isinstance(inner, dict | list) or not inner or choice.random() < 0.2:
            break
        spot, keys = inner, list(inner) if isinstance(inner, dict) else list(range(len(inner)))
    spot[key] = tree
    try_to_load(yaml.safe_dump(data))
