"""``--set PATH=VALUE``: a spec with some of its keys set otherwise, for this once.

Rules:
- PATH is the spec's own keys (``assemblies.web.recovery.restart.failures``, ``assemblies.web.resources.site.checks[0].interval``); VALUE
  is what would stand behind the key in the file. The later of two settings of one key wins.
- They are written into the document before it is judged, so that everything that the format promises holds for them: kinds, inheritance,
  windows that can never fill.
- What a setting did wrong is one SettingError that names it; what was wrong in the file before is the file's own SpecError.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pcloud.errors import PcloudError
from pcloud.model.plan import DeployablePlan
from pcloud.spec.document import Document, read
from pcloud.spec.loading import DeployableSpec, is_environment, load, sound
from pcloud.spec.planning import plan
from pcloud.spec.problems import KeyPath, SpecError, did_you_mean, path_text
from pcloud.spec.recovery import RecoveryDefaults
from pcloud.spec.schema import DeployableKeys
from pcloud.spec.units import shown
from pcloud.spec.wording import model_in

FORM = "write PATH=VALUE, as in recovery.restart.failures=5"
KEY = "value"  # under which a value is read as YAML

_PATH = re.compile(r"[^.\[\]=]+(\[[0-9]+\]|\.[^.\[\]=]+)*")
_STEP = re.compile(r"\[([0-9]+)\]|([^.\[\]]+)")
_SAME = ({"failures", "escalation_failures"}, {"within", "escalation_period"})
"""Names of one thing: who sets it by one means it, whichever stands in the file."""


class SettingError(PcloudError):
    """A setting that cannot be: no such path, or no such value. A usage error of the command line."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Setting:
    """One ``PATH=VALUE``; ``text`` is how it was written."""

    text: str
    path: KeyPath
    value: object

    def wrong(self, message: str, cure: str = "") -> SettingError:
        """That it cannot be."""
        return SettingError(f"--set {self.text}: {message}", cure)


def plan_overridden(
    source: str, *, path: str, files: Mapping[str, str], settings: Sequence[str], system: RecoveryDefaults | None = None
) -> DeployablePlan:
    """The plan of a spec with ``settings`` in it. SettingError for what they did wrong, SpecError for what was wrong before."""
    try:
        return plan(load_overridden(source, path=path, files=files, settings=settings), system)
    except SpecError as error:
        plan(load(source, path=path, files=files), system)
        raise _blamed(error, settings) from error


def load_overridden(source: str, *, path: str, files: Mapping[str, str], settings: Sequence[str]) -> DeployableSpec:
    """``load`` with ``settings`` in the spec. SettingError for what they did wrong, SpecError for what was wrong before."""
    document = overridden(read(source, path, is_environment), settings)
    try:
        return sound(document, path=path, files=files)
    except SpecError as error:
        load(source, path=path, files=files)
        raise _blamed(error, settings) from error


def overridden(document: Document, settings: Iterable[str]) -> Document:
    """The document with ``settings`` in it, not judged yet. SettingError for what is no setting, or has no place in a spec."""
    for text in settings:
        document = _with(document, parsed(text))
    return document


def parsed(text: str) -> Setting:
    """The setting that ``text`` writes down; SettingError."""
    written, equals, value = text.partition("=")
    if not equals or not _PATH.fullmatch(written.strip()):
        raise SettingError(f"--set {text}: is no setting", FORM)
    path = tuple(int(index) if index else key for index, key in _STEP.findall(written.strip()))
    setting = Setting(text, path, value)
    return setting if is_environment(path) else Setting(text, path, _value(setting, value))


def _value(setting: Setting, text: str) -> object:
    """What the text would stand for in the file."""
    try:
        document = read(f"{KEY}: {text}", "")
    except SpecError as error:
        raise setting.wrong("its value is no YAML", f'put text in quotes: {path_text(setting.path)}="…"') from error
    if document.problems or list(document.data) != [KEY]:
        message, cure = (document.problems[0].message, document.problems[0].cure) if document.problems else ("is more than one value", FORM)
        raise setting.wrong(message, cure if text.strip() else FORM)
    return document.data[KEY]


def _with(document: Document, setting: Setting) -> Document:
    data = copy.deepcopy(document.data)
    owner, key = _owner(setting, data, DeployableKeys, 0), setting.path[-1]
    if isinstance(owner, dict):
        for same in (names for names in _SAME if key in names):
            owner.pop(next(iter(same - {key})), None)
    owner[key] = setting.value
    place = next(document.values[path] for path in _upwards(setting.path) if path in document.values)
    written = [*_upwards(setting.path), *_paths(setting.value, setting.path)]
    return Document(data, {**dict.fromkeys(written, place), **document.values}, document.keys, document.problems, document.written)


def _owner(setting: Setting, here: Any, kind: object, depth: int) -> Any:
    """What holds the last step of a setting's path, below ``here``, made where it is missing; ``kind`` is what the format has there."""
    path, step = setting.path, setting.path[depth]
    above = path_text(path[:depth])
    if isinstance(here, list) and (not isinstance(step, int) or step >= len(here)):
        raise setting.wrong(f"{above} is a list of {len(here)}", f"count from {above}[0], or set {above} itself")
    if not isinstance(here, list) and (not isinstance(here, dict) or isinstance(step, int)):
        raise setting.wrong(f"{above} is {shown(here)} in the spec", f"set {above} itself")
    inner = _kind_below(setting, here, kind, depth)
    if depth == len(path) - 1:
        return here
    if isinstance(here, dict) and here.get(step) is None:
        here[step] = {}
    return _owner(setting, here[step], inner, depth + 1)


def _kind_below(setting: Setting, here: Any, kind: object, depth: int) -> object:
    """What the format has at the next step; SettingError where it has nothing, or the spec does not have what it should name."""
    step, above = setting.path[depth], path_text(setting.path[:depth])
    if kind is Any or isinstance(here, list):
        return _members(kind) or Any
    members, model = _members(kind), model_in(kind)
    if members is not None:
        if model is not None and step not in here:
            raise setting.wrong(f'{above} has no "{step}" in the spec', did_you_mean(str(step), list(here), f"{above} there"))
        return members
    if model is None:
        raise setting.wrong(f"{above} has no keys", f"set {above} itself")
    keys = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    if step not in keys:
        raise setting.wrong(f'unknown key "{path_text(setting.path[: depth + 1])}"', did_you_mean(str(step), list(keys), "known keys"))
    return keys[str(step)]


def _members(kind: object) -> object | None:
    """The kind of what a mapping of names or a list holds; None for what is neither."""
    if get_origin(kind) in (dict, list):
        return get_args(kind)[-1]  # type: ignore[no-any-return]
    return next((members for part in get_args(kind) if (members := _members(part)) is not None), None)


def _upwards(path: KeyPath) -> list[KeyPath]:
    return [path[:length] for length in range(len(path), -1, -1)]


def _paths(value: object, path: KeyPath) -> Iterator[KeyPath]:
    """The paths of everything in a value that stands at ``path``."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inside:
        yield (*path, key)
        yield from _paths(below, (*path, key))


def _blamed(error: SpecError, settings: Sequence[str]) -> SettingError:
    """What is wrong with settings in a spec that is sound without them: the first problem, at the setting that is nearest to it."""
    problem = error.problems[0]
    read_settings = [parsed(text) for text in settings]
    at = {path_text(setting.path): setting for setting in read_settings}
    if problem.path in at:
        return at[problem.path].wrong(problem.message, problem.cure)
    near = [setting for path, setting in at.items() if path.startswith(problem.path) or problem.path.startswith(path)]
    return (near or read_settings)[-1].wrong(f"{problem.path}: {problem.message}", problem.cure)
