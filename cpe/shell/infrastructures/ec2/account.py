"""Who asks EC2, and where: found where Amazon's own tools look for it.

Rules: a profile that is named counts alone; where none is, the ``AWS_*`` variables, then the profile ``AWS_PROFILE`` or ``default``. The
files are read anew when they have changed, so that keys can be changed while the daemon runs. Secrets are never in what is printed.
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from libcloud.compute.drivers.ec2 import REGION_DETAILS_PARTIAL

from cpe.shell.infrastructures.ec2.args import EC2Args
from pcloud.errors import RefusedError
from pcloud.spec.problems import did_you_mean

KEY, SECRET, TOKEN = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"
ELSEWHERE = ("role_arn", "credential_process", "sso_session", "sso_start_url", "credential_source")
"""What a profile may say instead of keys, for Amazon's own tools."""


@dataclass(frozen=True, slots=True)
class Keys:
    """One login. ``source`` says for people where it stands."""

    source: str
    key: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the API is; ``region`` is what requests are signed for."""

    region: str
    host: str
    port: int
    secure: bool
    path: str


class Account:
    """``environment`` is the daemon's; ``profile`` may be empty. Shared by all threads."""

    def __init__(self, environment: Mapping[str, str], profile: str, args: EC2Args) -> None:
        self._environment = environment
        self._asked = profile
        self._profile = profile or environment.get("AWS_PROFILE") or "default"
        self._args = args
        self._read: tuple[object, Keys] | None = None

    def keys(self) -> Keys:
        """Those that count now. RefusedError."""
        environment = self._environment
        if not self._asked and environment.get("AWS_ACCESS_KEY_ID"):
            if not environment.get("AWS_SECRET_ACCESS_KEY"):
                raise RefusedError("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not", "set both for the daemon, or a profile")
            token = environment.get("AWS_SESSION_TOKEN", "")
            return Keys("the AWS_* variables", environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], token)
        files = (self._file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), self._file("AWS_CONFIG_FILE", "config"))
        state = [_state(file) for file in files]
        read = self._read
        if read is None or read[0] != state:
            read = self._read = (state, self._in_files())
        return read[1]

    def place(self) -> Place:
        """Where to ask. RefusedError."""
        region = self._region()
        if endpoint := self._args.endpoint or self._environment.get("AWS_ENDPOINT_URL_EC2") or self._environment.get("AWS_ENDPOINT_URL"):
            parts = urlsplit(endpoint)
            secure = parts.scheme == "https"
            return Place(region or "us-east-1", parts.hostname or "", parts.port or (443 if secure else 80), secure, parts.path or "/")
        if not region:
            raise RefusedError("no region is named", "write args.region, or set AWS_REGION for the daemon")
        if region not in REGION_DETAILS_PARTIAL:
            near = did_you_mean(region, list(REGION_DETAILS_PARTIAL), "regions")
            newer = f'for a newer one write args.endpoint = "https://ec2.{region}.amazonaws.com" as well'
            raise RefusedError(f"there is no region {region!r}", f"{near}; {newer}" if near else newer)
        return Place(region, REGION_DETAILS_PARTIAL[region]["endpoint"], 443, secure=True, path="/")

    def _region(self) -> str:
        variables = () if self._asked else ("AWS_REGION", "AWS_DEFAULT_REGION")
        said = [self._args.region, *(self._environment.get(each, "") for each in variables)]
        return next(filter(None, said), "") or self._words(self._file("AWS_CONFIG_FILE", "config")).get("region", "")

    def _in_files(self) -> Keys:
        credentials, config = self._file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), self._file("AWS_CONFIG_FILE", "config")
        for file in (credentials, config):
            words = self._words(file)
            if words.get(KEY):
                if not words.get(SECRET):
                    raise RefusedError(f"the profile {self._profile} of {file} has no {SECRET}", f"write {SECRET} = … below its {KEY}")
                return Keys(f"the profile {self._profile} of {file}", words[KEY], words[SECRET], words.get(TOKEN, ""))
        for file in (credentials, config):
            if other := next((each for each in ELSEWHERE if each in self._words(file)), ""):
                said = f"the profile {self._profile} of {file} has {other} and no keys, which is not spoken here"
                raise RefusedError(said, f"write {KEY} and {SECRET} of a user of its own there")
        if self._asked:
            known = sorted({name for file in (credentials, config) for name in self._profiles(file)})
            cure = did_you_mean(self._asked, known, "profiles") or f"write [{self._asked}] with {KEY} and {SECRET} into {credentials}"
            raise RefusedError(f"{credentials} has no profile {self._asked!r}", cure)
        where = f"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the daemon, or write a profile into {credentials}"
        raise RefusedError(f"there are no AWS_* variables and no profile {self._profile} in {credentials}", where)

    def _words(self, file: Path) -> Mapping[str, str]:
        """What stands in our profile of one file; nothing where there is none."""
        found = self._profiles(file)
        return found.get(self._profile, {})

    def _profiles(self, file: Path) -> dict[str, Mapping[str, str]]:
        parser = configparser.ConfigParser(interpolation=None, default_section="")
        try:
            parser.read_string(file.read_text())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise RefusedError(f"{file} cannot be read: {error.strerror}", "let the daemon read it, and nobody else") from error
        except (configparser.Error, ValueError) as error:
            raise RefusedError(f"{file} makes no sense{_line(error)}", "write it as [PROFILE] and lines KEY = VALUE") from error
        return {name.removeprefix("profile ").strip(): dict(parser[name]) for name in parser.sections()}

    def _file(self, variable: str, name: str) -> Path:
        if named := self._environment.get(variable):
            return Path(named).expanduser()
        return Path(self._environment.get("HOME") or "/", ".aws", name)


def _line(error: Exception) -> str:
    """Where it was seen, and nothing of what stands there: it may be a secret."""
    lines = [getattr(error, "lineno", None), *(place for place, *_ in getattr(error, "errors", ()))]
    return next((f" in line {each}" for each in lines if isinstance(each, int)), "")


def _state(file: Path) -> object:
    """Changes when the file does."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
