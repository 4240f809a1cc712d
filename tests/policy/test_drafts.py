"""Frozen dataclasses that are made and copied quickly are what they would be without that."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from dpe.policy.altering import altered, replace
from pcloud.model.drafts import quick


@dataclass(frozen=True, slots=True)
class Plain:
    name: str
    kind: str = "plain"
    marks: list[str] = field(default_factory=list)


@quick
@dataclass(frozen=True, slots=True)
class Fast:
    name: str
    kind: str = "plain"
    marks: list[str] = field(default_factory=list)


@pytest.mark.parametrize("arguments", [("a",), ("a", "b"), ("a", "b", ["c"])])
def test_the_quick_constructor_takes_what_the_plain_one_takes(arguments):
    assert dataclasses.astuple(Fast(*arguments)) == dataclasses.astuple(Plain(*arguments))
    names = dict(zip(("name", "kind", "marks"), arguments, strict=False))
    assert dataclasses.asdict(Fast(**names)) == dataclasses.asdict(Plain(**names))


def test_every_one_gets_a_default_of_its_own():
    one, other = Fast("a"), Fast("a")
    assert one.marks is not other.marks


@pytest.mark.parametrize("arguments", [(), ("a", "b", [], "d")])
def test_too_few_and_too_many_arguments_are_refused(arguments):
    with pytest.raises(TypeError):
        Fast(*arguments)


@pytest.mark.parametrize("make", [lambda: Fast("a"), lambda: altered(Fast("b"), {"name": "a"}), lambda: replace(Fast("b"), name="a")])
def test_it_is_of_its_class_equal_and_frozen(make):
    made = make()
    assert type(made) is Fast
    assert made == Fast("a")
    assert repr(made) == "Fast(name='a', kind='plain', marks=[])"
    assert copy.deepcopy(made) == made
    assert pickle.loads(pickle.dumps(made)) == made
    with pytest.raises(FrozenInstanceError):
        made.name = "b"


def test_what_is_copied_stays_as_it_is():
    old = Fast("a")
    new = altered(old, {"name": "b"})
    assert (old.name, new.name) == ("a", "b")
    assert new.marks is old.marks


def test_a_field_that_is_not_there_is_refused():
    with pytest.raises(AttributeError):
        altered(Fast("a"), {"nonsense": 1})


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    name: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Derived(Base):
    kind: str = "derived"


def test_bases_and_keywords_are_kept():
    made = Derived(name="a")
    assert type(made) is Derived
    assert repr(made) == "Derived(name='a', kind='derived')"
    assert isinstance(made, Base)
    assert replace(made, kind="other") == Derived(name="a", kind="other")
    with pytest.raises(TypeError):
        Derived("a")
    with pytest.raises(FrozenInstanceError):
        made.name = "b"


def test_a_class_that_can_have_no_draft_is_refused():
    @dataclass(frozen=True, slots=True)
    class Judging:
        name: str

        def __post_init__(self):
            assert self.name

    @dataclass(frozen=True, slots=True)
    class Made:
        name: str = field(default="made", init=False)

    for kind in (Judging, Made):
        with pytest.raises(TypeError, match=kind.__name__):
            quick(kind)
