"""YAML text as plain data, with the line and column of everything in it.

Rules:
- The safe subset only: mappings with text keys, lists, text, numbers, booleans. Dates stay the text they are; other tags are problems.
- Bounded: the length of the text, its depth, and how much its aliases unfold to.
- Nothing but SpecError is raised, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import yaml

from pcloud.spec.composing import compose
from pcloud.spec.parsers import DEEPEST
from pcloud.spec.problems import KeyPath, SpecError, SpecProblem, path_text

UNFOLDED = 20_000
"""Values in one spec, aliases unfolded: what the longest permitted text holds at a dozen characters each."""

_TAG = "tag:yaml.org,2002:"
_TEXT_TAGS = {_TAG + kind for kind in ("str", "timestamp", "value")}
_NUMBERS = ("bool", "int", "float")
_MERGE_TAG = _TAG + "merge"
_OCTAL = re.compile("[-+]?0[0-7_]+")
_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column, 1-based."""

    line: int
    column: int


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


@dataclass(frozen=True, slots=True)
class Document:
    """What a text says. ``values`` are the places of values (of a mapping or list: its key's), ``keys`` those of keys."""

    data: dict[str, object]
    values: Mapping[KeyPath, Place]
    keys: Mapping[KeyPath, Place]
    problems: tuple[SpecProblem, ...]  # what is wrong with the text as such: duplicate keys, empty values, tags
    written: Mapping[KeyPath, str] = field(default_factory=dict)  # numbers and booleans as they are written: no, 1.10

    def problem(self, path: KeyPath, message: str, cure: str = "", *, key: bool = False) -> SpecProblem:
        """A problem with the value at ``path``, or with its key; placed at the nearest thing above that the text has."""
        place = (self.keys if key else self.values).get(path)
        above = path
        while place is None:
            above = above[:-1]
            place = self.values[above]
        return SpecProblem(place.line, place.column, path_text(path), message, cure)


def read(source: str, name: str, verbatim: Callable[[KeyPath], bool] = lambda _path: False) -> Document:
    """Read ``source``; ``name`` is the file's, for messages. SpecError for a text that is no YAML mapping.

    What stands at a ``verbatim`` path is text as it is written: ``0755`` stays ``0755``.
    """
    root = compose(source, name)
    builder = _Builder(name, verbatim)
    data = builder.value(root, (), None)
    if not isinstance(data, dict):
        place = _place(root)
        what = "is empty" if data is None else "is no mapping"
        raise SpecError(name, [SpecProblem(place.line, place.column, "", what, 'begin with "deployable: NAME"')])
    return Document(data, builder.values, builder.keys, tuple(builder.problems), builder.written)


@dataclass(slots=True)
class _Builder:
    """Turns nodes into data, and collects the places and problems."""

    name: str
    verbatim: Callable[[KeyPath], bool]
    values: dict[KeyPath, Place] = field(default_factory=dict)
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[SpecProblem] = field(default_factory=list)
    written: dict[KeyPath, str] = field(default_factory=dict)
    spent: int = 0
    merges: int = 0
    scalars: yaml.constructor.SafeConstructor = field(default_factory=yaml.constructor.SafeConstructor)

    def value(self, node: yaml.Node, path: KeyPath, key: yaml.Node | None) -> object:
        written = isinstance(node, yaml.ScalarNode) and node.value != ""  # where nothing is, parsers differ about its place
        place = _place(node if key is None or written else key)
        self.values[path] = place
        self._spend(place, len(path))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index), None) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _spend(self, place: Place, depth: int) -> None:
        """Count one more value; an alias may stand inside of what it stands for, so that depth has a bound here too."""
        self.spent += 1
        if self.spent > UNFOLDED or depth > DEEPEST:
            raise SpecError(
                self.name, [SpecProblem(place.line, place.column, "", "its aliases unfold to too much", "write out what is meant")]
            )

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        data: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                merged |= self._merged(value_node, path)
                continue
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in data:
                first = self.keys[*path, key].line
                self._complain(key_node, (*path, key), f'"{key}" is there twice, first in line {first}', "keep one of them")
                continue
            self.keys[*path, key] = _place(key_node)
            data[key] = self.value(value_node, (*path, key), key_node)
        return merged | data

    def _merged(self, node: yaml.Node, path: KeyPath) -> dict[str, object]:
        """What ``<<`` brings in; of several mappings the first wins, as YAML has it."""
        mappings = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, object] = {}
        for mapping in mappings:
            if isinstance(mapping, yaml.MappingNode):
                self.merges += 1
                self._spend(_place(mapping), self.merges)
                merged = self._mapping(mapping, path) | merged
                self.merges -= 1
            else:
                self._complain(node, path, "<< merges something that is no mapping", "name a mapping: <<: *NAME")
        return merged

    def _key(self, node: yaml.Node, path: KeyPath) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag in _TEXT_TAGS and node.value:
            return node.value if self._printable(node, path) else None
        written = node.value if isinstance(node, yaml.ScalarNode) else "a list or mapping"
        self._complain(node, path, f"{written or 'nothing'} stands as a key", "keys are text; put it in quotes")
        return None

    def _scalar(self, node: yaml.Node, path: KeyPath) -> object:
        kind = node.tag.removeprefix(_TAG)
        try:
            if node.tag in _TEXT_TAGS or node.tag == _MERGE_TAG or (kind in _NUMBERS and self.verbatim(path)):
                return str(node.value) if self._printable(node, path) else ""
            if kind == "null":
                if "cloud_config" not in path:  # there it may mean something to others
                    self._complain(self.values[path], path, "is empty", "give it a value, or leave the key out")
                return None
            if kind in _NUMBERS:
                return self._number(node, path, kind)
        except (ValueError, KeyError, OverflowError):
            self._complain(node, path, f"is not what the tag {node.tag} says", "put text in quotes")
            return None
        self._complain(node, path, f"has the tag {node.tag}", "only plain text, numbers, lists and mappings have a meaning here")
        return None

    def _number(self, node: yaml.Node, path: KeyPath, kind: str) -> object:
        """A number or boolean; one that YAML reads as hardly anybody means it is a problem, but where it may mean something to others."""
        value: object = getattr(self.scalars, f"construct_yaml_{kind}")(node)
        self.written[path] = node.value
        if "cloud_config" not in path and kind != "bool":
            if ":" in node.value:
                self._complain(node, path, f"{node.value} is {value} to YAML, in base 60", "write a duration as 1m30s, and text in quotes")
            elif _OCTAL.fullmatch(node.value):
                self._complain(node, path, f"{node.value} is {value} to YAML, in base 8", "leave out the zero, and put text in quotes")
        return value

    def _printable(self, node: yaml.ScalarNode | yaml.Node, path: KeyPath) -> bool:
        """Whether it can be handed to a program: no NUL, no half of a surrogate pair."""
        if _UNPRINTABLE.search(node.value):
            self._complain(node, path, "has a character that no program can be given", "leave out \\0 and lone surrogates")
            return False
        return True

    def _complain(self, where: yaml.Node | Place, path: KeyPath, message: str, cure: str) -> None:
        place = where if isinstance(where, Place) else _place(where)
        self.problems.append(SpecProblem(place.line, place.column, path_text(path), message, cure))
