"""Resource agents by name: ``systemd:UNIT``, ``ocf:PROVIDER:NAME``, ``lsb:NAME``, ``process:COMMAND`` and ``script:``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pcloud.model.plan import LsbAgent, OcfAgent, ProcessAgent, ResourceAgent, ScriptAgent, SystemdAgent
from pcloud.spec.faults import Fault
from pcloud.spec.problems import KeyPath, did_you_mean
from pcloud.spec.references import references
from pcloud.spec.schema import ResourceKeys
from pcloud.spec.units import shown

FORMS = ("systemd:UNIT", "ocf:PROVIDER:NAME", "lsb:NAME", "process:COMMAND", "script:")

_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}")
_FILE = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.+-]{1,255}")
_OCF = re.compile(rf"{_FILE.pattern}:{_FILE.pattern}".replace("$", "(?=:|$)"))
_PARAM = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNIT_TYPES = ("service", "socket", "target", "timer", "mount", "automount", "path", "slice", "scope", "swap", "device")

_OWN_KEYS = {
    "systemd": frozenset[str](),
    "process": frozenset({"user", "directory"}),
    "script": frozenset({"user", "directory", "start", "stop"}),
    "ocf": frozenset({"params"}),
    "lsb": frozenset[str](),
}
_ALL_KEYS = ("user", "directory", "start", "stop", "params")


def agent_of(keys: ResourceKeys) -> ResourceAgent | None:
    """The agent of a resource without faults; None where it is a check alone."""
    kind, _, rest = (keys.agent or "").partition(":")
    match kind:
        case "systemd":
            return SystemdAgent(unit_name(rest))
        case "ocf":
            provider, _, name = rest.partition(":")
            plain = tuple((param, each.value) for param, each in keys.params.items() if each.value is not None)
            held = ((param, each.secret or each.parameter) for param, each in keys.params.items())
            variables = tuple((param, variable) for param, variable in held if variable is not None)
            return OcfAgent(provider, name, plain, variables, keys.monitor.check_level or 0)
        case "lsb":
            return LsbAgent(rest)
        case "process":
            return ProcessAgent(rest.strip(), keys.user or "", keys.directory or "")
        case "script":
            return ScriptAgent(keys.start or "", keys.stop or "", keys.monitor.command or "", keys.user or "", keys.directory or "")
        case _:
            return None


def unit_name(text: str) -> str:
    """A unit's full name: ``mariadb`` is ``mariadb.service``, as systemctl has it."""
    return text if text.rpartition(".")[2] in _UNIT_TYPES and "." in text else f"{text}.service"


def agent_faults(keys: ResourceKeys, path: KeyPath) -> Iterator[Fault]:
    """What is wrong with the agent of a resource and the keys that go with it."""
    kind, _, rest = (keys.agent or "").partition(":")
    if keys.agent is not None:
        yield from _name_faults(keys.agent, kind, rest, (*path, "agent"))
    if kind == "script":
        yield from _script_faults(keys, path)
    elif keys.monitor.command is not None:
        yield Fault((*path, "monitor"), "a command as monitor has a meaning with script: only", "write {interval: 10s, timeout: 20s}")
    if keys.monitor.check_level is not None and kind != "ocf":
        yield Fault((*path, "monitor", "check_level"), "check_level has no meaning here", "it belongs to ocf: agents", key=True)
    own = _OWN_KEYS.get(kind, frozenset(_ALL_KEYS if keys.agent else ()))
    for key in _ALL_KEYS:
        if key in keys.model_fields_set and key not in own:
            owners = " or ".join(f"{owner}:" for owner, theirs in _OWN_KEYS.items() if key in theirs)
            yield Fault((*path, key), f"{key} has no meaning here", f"it belongs to {owners} agents", key=True)


def _name_faults(text: str, kind: str, rest: str, path: KeyPath) -> Iterator[Fault]:
    if kind not in _OWN_KEYS or ":" not in text:
        near = did_you_mean(kind, [form.partition(":")[0] for form in FORMS], "known")
        cure = near if near.startswith("did") and ":" in text else f"write one of {', '.join(FORMS)}"
        yield Fault(path, f"{shown(text)} is not a resource agent", cure)
    elif kind == "systemd" and not _UNIT.fullmatch(rest):
        yield Fault(path, f"{shown(rest)} is not a systemd unit", "write its name, as in systemd:mariadb")
    elif kind == "ocf" and not _OCF.fullmatch(rest):
        yield Fault(path, f"{shown(text)} names no OCF agent", "write ocf:PROVIDER:NAME, as in ocf:heartbeat:IPaddr2")
    elif kind == "lsb" and not _FILE.fullmatch(rest):
        yield Fault(path, f"{shown(rest)} is no init script", "write its name in /etc/init.d, as in lsb:exim4")
    elif kind == "process" and not rest.strip():
        yield Fault(path, "says no command", "write it behind the colon, as in process:/usr/local/bin/worker")
    elif kind == "script" and rest.strip():
        yield Fault(path, f"{shown(rest)} behind script: has no meaning", "write the commands as start, stop and monitor")


def param_faults(keys: ResourceKeys, secrets: Sequence[str], parameters: Sequence[str], path: KeyPath) -> Iterator[Fault]:
    """What is wrong with the params of an OCF agent; ``secrets`` and ``parameters`` are those of its assembly."""
    for name, param in keys.params.items():
        at = (*path, "params", name)
        if not _PARAM.fullmatch(name) or name.startswith("CRM_meta_"):
            yield Fault(at, f"{shown(name)} is not a parameter of an OCF agent", "use letters, digits and underscores", key=True)
        elif references(param.value or ""):
            yield Fault(at, "references stand in parameters only", "write it there, and {parameter: NAME} here")
        for key, written, known in (("secret", param.secret, secrets), ("parameter", param.parameter, parameters)):
            if written is not None and written not in known:
                yield Fault((*at, key), f'unknown {key} "{written}"', did_you_mean(written, known, f"{key}s of this assembly"))


def _script_faults(keys: ResourceKeys, path: KeyPath) -> Iterator[Fault]:
    there = {"start": keys.start, "stop": keys.stop, "monitor": keys.monitor.command}
    missing = [key for key, value in there.items() if value is None]
    if missing:
        yield Fault(path, f"script: needs {', '.join(missing)}", "each is a command; monitor exits with 0 (running) or 7 (not running)")
