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
from tests.spec.examples import SOUND, loaded
from tests.spec.trees import TREES


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
