"""Finds an account where OpenStack's own tools look for it: clouds.yaml with secure.yaml and clouds-public.yaml, or ``OS_*`` variables.

Rules: the first clouds.yaml that there is counts; the current directory is not looked into, for a daemon has none that anybody chose; where
no cloud is named, ``OS_CLOUD``, then ``OS_AUTH_URL`` with what belongs to it, then a clouds.yaml with one cloud only say which.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from cpe.shell.infrastructures.openstack.account import AUTH, OLD_NAMES, Account, Entry, Words
from cpe.shell.infrastructures.unreadable import UNREADABLE
from pcloud.errors import RefusedError
from pcloud.spec.problems import did_you_mean

SYSTEM = Path("/etc/openstack")
ENDINGS = (".yaml", ".yml")
BESIDE = ("region_name", "cacert", "cert", "key", "interface", "endpoint_type", "auth_type", "insecure", "verify")
"""What an ``OS_*`` variable may say beside the login."""


class Clouds:
    """``environment`` is the daemon's, ``system`` where the machine's own clouds.yaml lies."""

    def __init__(self, environment: Mapping[str, str], system: Path = SYSTEM) -> None:
        self._environment = environment
        self._system = system

    def account(self, cloud: str, region: str = "") -> Account:
        """The account ``cloud``; where that is empty the one that the environment means. RefusedError."""
        if cloud or (cloud := self._environment.get("OS_CLOUD", "")):
            return self._named(cloud, region)
        if self._environment.get("OS_AUTH_URL"):
            return Entry("the OS_* variables", self._variables()).account(region)
        file = self._file("clouds")
        names = list(self._clouds(file)) if file is not None else []
        if len(names) == 1:
            return self._named(names[0], region)
        if names:
            raise RefusedError(f"{file} has {len(names)} clouds, and none is named", f"write cloud = {' or '.join(map(repr, names))}")
        raise RefusedError("no cloud is named, and there are no OS_* variables", f"write cloud = NAME, and {self._where()}")

    def _named(self, cloud: str, region: str) -> Account:
        file = self._file("clouds")
        if file is None:
            raise RefusedError(f"there is no clouds.yaml for the cloud {cloud}", self._where())
        clouds = self._clouds(file)
        if cloud not in clouds:
            raise RefusedError(f"{file} has no cloud {cloud!r}", did_you_mean(cloud, list(clouds), "its clouds"))
        secure = self._file("secure")
        words = merged(clouds[cloud], self._clouds(secure).get(cloud, {}) if secure is not None else {})
        return Entry(f"the cloud {cloud} of {file}", self._with_profile(file, cloud, words)).account(region)

    def _with_profile(self, file: Path, cloud: str, words: Words) -> Words:
        """What a vendor says of all its customers' clouds, below what the entry itself says."""
        profile = words.get("profile") or words.get("cloud")
        if not profile:
            return words
        public = self._file("clouds-public")
        profiles = self._clouds(public, "public-clouds") if public is not None else {}
        if profile not in profiles:
            where = f"{public} has none of that name" if public is not None else "there is no clouds-public.yaml"
            raise RefusedError(
                f"the cloud {cloud} of {file} refers to the profile {profile}, and {where}", "write its auth_url in the entry"
            )
        return merged(profiles[str(profile)], words)

    def _variables(self) -> dict[str, object]:
        said = {key.removeprefix("OS_").lower(): value for key, value in self._environment.items() if key.startswith("OS_") and value}
        return {key: value for key, value in said.items() if key in {*AUTH, *OLD_NAMES, *BESIDE} or key.endswith("_endpoint_override")}

    def _clouds(self, file: Path, top: str = "clouds") -> dict[str, Words]:
        """The entries of one file; RefusedError unless it is what it should be."""
        try:
            content = yaml.safe_load(file.read_bytes())
        except OSError as error:
            raise RefusedError(f"{file} cannot be read: {error.strerror}", "let the daemon read it, and nobody else") from error
        except UNREADABLE as error:
            raise RefusedError(f"{file} is no YAML{place_of(error)}", "mend that place") from None  # whose words quote what stands there
        found = content.get(top) if isinstance(content, Mapping) else None
        if not isinstance(found, Mapping) or not all(isinstance(each, Mapping) for each in found.values()):
            raise RefusedError(f"{file} has no {top}", f"write them as {top}: {{NAME: {{auth: …}}}}")
        return {str(name): words for name, words in found.items()}

    def _file(self, name: str) -> Path | None:
        """The first file of that name; RefusedError where a variable names one that is not there."""
        variable = {"clouds": "OS_CLIENT_CONFIG_FILE", "secure": "OS_CLIENT_SECURE_FILE", "clouds-public": "OS_CLIENT_VENDOR_FILE"}[name]
        if named := self._environment.get(variable):
            if not Path(named).is_file():
                raise RefusedError(f"{variable} names {named}, and there is no such file", "write the path of a file that there is")
            return Path(named)
        places = self._places()
        if name != "clouds" and (clouds := self._environment.get("OS_CLIENT_CONFIG_FILE")):
            places = [Path(clouds).parent, *places]
        return next((file for place in places for ending in ENDINGS if (file := place / f"{name}{ending}").is_file()), None)

    def _places(self) -> list[Path]:
        own = self._environment.get("XDG_CONFIG_HOME") or (f"{home}/.config" if (home := self._environment.get("HOME")) else "")
        return [*([Path(own) / "openstack"] if own else []), self._system]

    def _where(self) -> str:
        return f"put a clouds.yaml into {' or '.join(map(str, self._places()))}, or name one in OS_CLIENT_CONFIG_FILE"


def place_of(error: Exception) -> str:
    """Where in a file; no more, for a password may stand there."""
    mark = getattr(error, "problem_mark", None)
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""


def merged(below: Words, above: Words) -> dict[str, object]:
    """Both, mapping in mapping; what ``above`` says counts."""
    both = dict(below)
    for key, value in above.items():
        lower = both.get(key)
        both[key] = merged(lower, value) if isinstance(lower, Mapping) and isinstance(value, Mapping) else value
    return both
