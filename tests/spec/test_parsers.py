"""The quick parser and the plain one are the same to everybody who reads their nodes."""

from __future__ import annotations

import sys

import pytest
import yaml
from hypothesis import given

from pcloud.spec.composing import compose
from pcloud.spec.document import read
from pcloud.spec.parsers import DEEPEST, Bounded, Plain, Quickest, quickest
from pcloud.spec.problems import SpecError
from tests.spec.examples import DATA, SOUND, example
from tests.spec.trees import TREES

SHAPES = [
    SOUND,
    *(example(path.name) for path in sorted(DATA.glob("*.yaml"))),
    "# é\r\na: {b: [1, ü, 'x y',\r\n  z]}\r\nc: |\r\n  text\r\n  é\r\nd: >-\r\n  more\r\n",
    "a: &a [x, *a]\nb: {<<: &m {c: 1}, d: *a}\n? e\n: !!str 1\n",
    "--- {}\n...\n",
    "a: {b:\n\n, c: , d: [e: ]}\n",
    "a:\n- - b\n  - c\n-\n  d: e\nf:\n",
    "\"q\\u00e9\": 'it''s'\n",
]


def told(parser: type[Bounded], source: str) -> list[tuple[str | int, ...]]:
    """Every node's kind, text, line and column, each once; of one that is not there no place."""
    found: list[tuple[str | int, ...]] = []
    seen: set[int] = set()

    def tell(node: yaml.Node | None) -> None:
        if node is None or id(node) in seen:
            return
        seen.add(id(node))
        scalar = node.value if isinstance(node, yaml.ScalarNode) else ""
        there = scalar or not isinstance(node, yaml.ScalarNode)
        found.append((node.tag, scalar, *((node.start_mark.line, node.start_mark.column) if there else ())))
        for inner in node.value if not isinstance(node, yaml.ScalarNode) else ():
            for each in inner if isinstance(inner, tuple) else (inner,):
                tell(each)

    tell(parser(source).get_single_node())
    return found


@pytest.mark.parametrize("source", SHAPES)
def test_both_read_the_same_at_the_same_places(source: str) -> None:
    assert told(Quickest, source) == told(Plain, source) != []


@given(TREES)
def test_both_read_any_tree_alike(tree: object) -> None:
    source = yaml.safe_dump(tree)
    assert told(Quickest, source) == told(Plain, source)


@pytest.mark.parametrize("parser", [Plain, Quickest])
def test_neither_goes_deeper_than_its_bound(parser: type[Bounded]) -> None:
    assert told(parser, "[" * DEEPEST + "]" * DEEPEST) != []
    with pytest.raises(yaml.YAMLError, match=f"goes deeper than {DEEPEST} levels"):
        told(parser, "[" * (DEEPEST + 1))


def test_where_libyaml_is_missing_the_plain_one_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml.cyaml", None)
    assert quickest() is Plain


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a:\n\tb: x", "2:1: is no YAML: while scanning for the next token found character '\\t' that cannot start any token; indent with"),
        ("a: b: c", "1:5: is no YAML: mapping values are not allowed here; put text that holds"),
        ("é: ü\nb: é\x07", "2:5: has a character that YAML does not allow"),
        ("[" * 60, "1:51: is no YAML: goes deeper than 50 levels"),
    ],
)
def test_a_mistake_has_the_words_of_the_plain_one(source: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        compose(source, "spec.yaml")
    assert words in str(caught.value)


def test_a_value_that_is_not_there_is_missed_at_its_key() -> None:
    (problem,) = read("a: {b:\n\n}\n", "spec.yaml").problems
    assert str(problem).startswith("1:5: a.b: is empty")
