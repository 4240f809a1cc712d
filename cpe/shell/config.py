"""The configuration file: TOML, read once when the daemon starts (interface.md, "Places").

Rules: none is needed; everything that is wrong is told at once, with the file, the key, what is wrong and what would be right.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Never

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.errors import PcloudError
from pcloud.model.words import Mode, Rung
from pcloud.places import config_path
from pcloud.spec.fields import Keys, ModeWord, Name, Text, whole, wrong
from pcloud.spec.problems import path_text
from pcloud.spec.recovery import RecoveryDefaults, RecoveryKeys, effective, never_fills
from pcloud.spec.units import DURATION_HINT, SIZE_HINT, duration, duration_text, shown, size
from pcloud.spec.windows import FIX
from pcloud.spec.wording import known_keys, wording

MOST_STARTS = 50
"""Unclean starts within ten minutes: a daemon cannot die much more often, and fewer starts than twice that are remembered."""


SHORTEST_KEEP = 3600.0
"""Seconds: what happened within the hour is what whoever is called asks for first."""

SMALLEST_SIZE = 16 * 2**20
"""Bytes: what a few deployables need in any case, and room for a storm's log."""


class ConfigError(PcloudError):
    """A configuration file that cannot be used, with everything that is wrong in it."""


def _mode(value: object) -> object:
    """``mode = "enforce"``, or the same as a table: ``[mode]`` with ``default``."""
    return value["default"] if isinstance(value, dict) and value.keys() == {"default"} else value


def _not_yet(_value: object) -> Never:
    raise wrong("not yet supported", "leave it out")


class ConfiguredInfrastructure(InfrastructureSettings):
    """An infrastructure with the recovery settings of what is at home there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recovery: RecoveryKeys = Field(default_factory=RecoveryKeys)


def _keep(value: object) -> float:
    """How long a journal is kept."""
    try:
        seconds = duration(value)
    except ValueError as error:
        raise wrong(str(error), DURATION_HINT) from error
    if seconds < SHORTEST_KEEP:
        raise wrong(f"{shown(value)} is too short", f"the shortest is {duration_text(SHORTEST_KEEP)}")
    return seconds


def _size(value: object) -> int:
    """How large a store may be."""
    try:
        found = size(value)
    except ValueError as error:
        raise wrong(f"{shown(value)} is not a size", SIZE_HINT) from error
    if found < SMALLEST_SIZE:
        raise wrong(f"{shown(value)} is too small", f"the smallest is {SMALLEST_SIZE // 2**20}MiB")
    return found


class StoreKeys(Keys):
    """How much history is kept: what is younger than ``keep``, and of that the newest where the store would be larger than ``size``."""

    keep: Annotated[float, BeforeValidator(_keep)] = 90 * 86400.0
    size: Annotated[int, BeforeValidator(_size)] = 2**30


class Settings(Keys):
    """The whole file. ``alert_command`` is a command line for ``sh -c``, which gets each alert as JSON on stdin; empty: none.

    After ``crash_loop_starts`` unclean starts within ten minutes the daemon only observes; 0: it never doubts itself.
    """

    infrastructures: dict[Name, ConfiguredInfrastructure] = Field(default_factory=dict)
    recovery: RecoveryKeys = Field(default_factory=RecoveryKeys)
    mode: Annotated[ModeWord, BeforeValidator(_mode)] = Mode.ENFORCE
    store: StoreKeys = Field(default_factory=StoreKeys)
    alert_command: Text = ""
    crash_loop_starts: Annotated[int, BeforeValidator(whole(0, MOST_STARTS, "a number of unclean starts"))] = 3

    @property
    def defaults(self) -> RecoveryDefaults:
        """What specs inherit."""
        unsaid = self.recovery.mode is None and "mode" in self.model_fields_set
        system = self.recovery.model_copy(update={"mode": self.mode}) if unsaid else self.recovery
        return RecoveryDefaults(system, {name: settings.recovery for name, settings in self.infrastructures.items()})


def read_settings(path: Path | None) -> Settings:
    """The settings in the file at ``path``, which must be there; None is the usual place, which may be empty. ConfigError."""
    place = path if path is not None else config_path()
    try:
        text = place.read_bytes().decode()
    except FileNotFoundError as error:
        if path is None:
            return Settings()
        raise ConfigError(f"{place}: there is no such file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place} cannot be read: {error}") from error
    return parse_settings(text, str(place))


def parse_settings(text: str, name: str) -> Settings:
    """The settings in ``text``; ``name`` is the file's, for messages. ConfigError."""
    try:
        settings = Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: is no TOML: {error}") from error
    except RecursionError as error:  # tomllib bounds no depth
        raise ConfigError(f"{name}: is nested too deeply") from error
    except ValidationError as error:
        raise ConfigError("\n".join(f"{name}: {problem}" for problem in _problems(error))) from error
    except ValueError as error:  # tomllib lets Python's own pass, as of a number of thousands of digits
        raise ConfigError(f"{name}: is no TOML: {error}") from error
    windows = [f"{name}: {problem}" for problem in _window_problems(settings)]
    if windows:
        raise ConfigError("\n".join(windows))
    return settings


def _window_problems(settings: Settings) -> Iterable[str]:
    """Windows that can never fill, whatever a spec says of other keys (policy.md section 3.8)."""
    homes = {"recovery": "", **{f"infrastructures.{name}.recovery": name for name in settings.infrastructures}}
    for place, home in homes.items():
        effects = effective(settings.defaults.levels(home), Rung.REBOOT)
        for rung in (Rung.RESTART, Rung.REBOOT, Rung.RELAUNCH, Rung.RELAUNCH_DEPLOYABLE):
            if reason := never_fills(effects.rung(rung)):
                yield f"{place}.{rung}: {reason}; {FIX}"


def _problems(error: ValidationError) -> Iterable[str]:
    for detail in error.errors(include_url=False):
        path = tuple(step for step in detail["loc"] if step != "[key]")
        message, cure = wording(detail, known_keys(Settings, path[:-1]))
        yield f"{path_text(path)}: {message}; {cure}" if cure else f"{path_text(path)}: {message}"
