"""YAML text to PyYAML's nodes, with its many kinds of errors made into one of ours.

Rules: depth and length are bounded before anything recursive runs over the nodes; nothing but SpecError is raised. What the quick parser
refuses is read again by PyYAML's own, so that a mistake has the same words everywhere.
"""

from __future__ import annotations

import contextlib

import yaml

from pcloud.spec.parsers import Plain, Quickest
from pcloud.spec.problems import SpecError, SpecProblem

LONGEST_SOURCE = 2**18
"""A quarter of a million characters: a hundred times a large spec, and still read in a few seconds at the plain parser's pace."""

_CURES = {
    "'\\t'": "indent with spaces, never with tabs",
    "mapping values are not allowed": 'put text that holds ": " or ends in ":" in quotes',
    "undefined alias": "text that begins with * goes in quotes",
}
"""What mostly lies behind the commonest of PyYAML's messages."""


def compose(source: str, name: str) -> yaml.Node:
    """The node graph of the one document in ``source``; SpecError with one problem, and its line, where there is none."""
    if len(source) > LONGEST_SOURCE:
        raise SpecError(name, [SpecProblem(1, 1, "", f"is longer than {LONGEST_SOURCE} characters", "put scripts into files of their own")])
    root = _root(source, name)
    if root is None:
        raise SpecError(name, [SpecProblem(1, 1, "", "is empty", 'begin with "deployable: NAME"')])
    return root


def _root(source: str, name: str) -> yaml.Node | None:
    with contextlib.suppress(yaml.YAMLError, ValueError):
        return Quickest(source).get_single_node()
    try:
        return Plain(source).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise SpecError(name, [_marked(error)]) from error
    except yaml.reader.ReaderError as error:
        raise SpecError(name, [_unreadable(error, source)]) from error
    except (ValueError, OverflowError) as error:  # PyYAML lets numbers slip: "\UFFFFFFFF", "%YAML 9…9"
        raise SpecError(name, [SpecProblem(1, 1, "", f"is no YAML: {error}", "look for odd escapes and directives")]) from error


def _marked(error: yaml.MarkedYAMLError) -> SpecProblem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    what = " ".join(part for part in (error.context, error.problem) if part)
    cure = next((cure for sign, cure in _CURES.items() if sign in what), "")
    return SpecProblem(line, column, "", f"is no YAML: {what}", cure)


def _unreadable(error: yaml.reader.ReaderError, source: str) -> SpecProblem:
    before = source[: error.position]
    column = len(before) - (before.rfind("\n") + 1) + 1
    return SpecProblem(before.count("\n") + 1, column, "", "has a character that YAML does not allow", "save it as plain UTF-8 text")
