"""From the text of a spec to something sound, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pcloud.spec.document import Document, read
from pcloud.spec.files import mapping_of
from pcloud.spec.judging import Known, faults
from pcloud.spec.problems import KeyPath, SpecError
from pcloud.spec.recovery import RecoveryDefaults
from pcloud.spec.schema import DeployableKeys
from pcloud.spec.translating import judged
from pcloud.spec.windows import window_faults


@dataclass(frozen=True, slots=True)
class DeployableSpec:
    """A sound spec: its keys as they are written, the files that it refers to by the paths that stand in it, and its own path."""

    keys: DeployableKeys
    document: Document
    files: Mapping[str, str]
    path: str

    @property
    def name(self) -> str:
        """The deployable's."""
        return self.keys.deployable


def load(source: str, *, path: str, files: Mapping[str, str]) -> DeployableSpec:
    """Read and judge a spec; ``path`` is for messages, ``files`` holds what ``files_of`` names. SpecError with all that is wrong."""
    return sound(read(source, path, is_environment), path=path, files=files)


def sound(document: Document, *, path: str, files: Mapping[str, str]) -> DeployableSpec:
    """Judge what was read; the rest as for ``load``."""
    problems = list(document.problems)
    keys, found = judged(document)
    empty = {problem.path for problem in document.problems}
    problems += [problem for _, problem in found if problem.path not in empty]
    if keys is not None:
        broken = [place for place, _ in found]
        known = Known(_names(document.data), {name: _names(document.data, name) for name in _names(document.data)}, files)
        between = [*faults(keys, known), *window_faults(keys, document, RecoveryDefaults())]
        problems += [
            document.problem(fault.path, fault.message, fault.cure, key=fault.key) for fault in between if not fault.follows(broken)
        ]
    if problems or keys is None:
        raise SpecError(path, problems)
    return DeployableSpec(keys, document, dict(files), path)


def is_environment(path: KeyPath) -> bool:
    """Whether a script gets it as text in its environment, so that it is taken as it is written."""
    return path[:1] == ("assemblies",) and ((len(path) == 4 and path[2] == "parameters") or (len(path) == 6 and path[4] == "params"))


def _names(data: Mapping[str, object], assembly: str = "") -> list[str]:
    """The names of all assemblies, or of all resources of one, sound or not."""
    assemblies = mapping_of(data.get("assemblies"))
    return list(mapping_of(mapping_of(assemblies[assembly]).get("resources")) if assembly else assemblies)
