"""Which files a spec refers to. Light: the command line needs it before every upload."""

from __future__ import annotations

from collections.abc import Mapping

from pcloud.spec.document import read
from pcloud.spec.problems import SpecError


def files_of(source: str) -> list[str]:
    """The paths of the scripts and certificates that a spec refers to, each once; none where it cannot be read, which ``load`` explains."""
    try:
        data = read(source, "").data
    except SpecError:
        return []
    paths: dict[str, None] = {}
    for assembly in mapping_of(data.get("assemblies")).values():
        for key in ("provision", "configure"):
            script = mapping_of(mapping_of(assembly).get(key)).get("script")
            if isinstance(script, str) and script.strip():
                paths[script] = None
        for resource in mapping_of(mapping_of(assembly).get("resources")).values():
            checks = mapping_of(resource).get("checks")
            for check in checks if isinstance(checks, list) else ():
                certificate = mapping_of(check).get("certificate")
                if isinstance(certificate, str) and certificate.strip():
                    paths[certificate] = None
    return list(paths)


def mapping_of(value: object) -> Mapping[str, object]:
    """The value if it is a mapping, else an empty one: for looking around in what is not judged yet."""
    return value if isinstance(value, dict) else {}
