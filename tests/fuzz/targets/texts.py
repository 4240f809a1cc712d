"""Texts that people write: spec files, pcloud.toml, traces of simulate. Each is taken, or refused with all that is wrong.

Oracle: SpecError, ConfigError, TraceError alone; a problem has a place that the text has, and words; what is taken makes a whole plan.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from cpe.shell.config import ConfigError, parse_settings
from pcloud.client.spec_files import read_text
from pcloud.errors import PcloudError
from pcloud.simulation.run import simulate
from pcloud.simulation.trace import TraceError, read_trace
from pcloud.spec.files import files_of
from pcloud.spec.planning import plan
from pcloud.spec.problems import SpecError
from tests.fuzz.bounds import Bounds
from tests.fuzz.feeding import Feed, damaged
from tests.fuzz.target import Target
from tests.simulation.plans import SPECS, plan_of
from tests.spec.examples import SOUND, loaded

YAML = (
    *(
        b"deployable: ",
        b"assemblies:\n",
        b"  web:\n",
        b"    image: x\n",
        b"&a ",
        b"*a",
        b"<<: *a\n",
        b"!!python/object ",
        b"- ",
        b"{",
        b"[",
        b"|\n",
    ),
    *(
        b"2020-13-45",
        b"0755",
        b"1:20",
        b"!!binary x",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"%YAML 9.9\n---\n",
        b"---\n...\n",
        b"? ",
        b"\t",
    ),
    *(
        b"recovery: {restart: {failures: ",
        b"${web.address}",
        b"${",
        b"infrastructure: local\n",
        b"'",
        b'"\\ud800"',
        b"&a [*a]",
        b"9" * 5000,
    ),
)
TOML = b"""
alert_command = "cat"
crash_loop_starts = 3
[recovery]
restart = {failures = 3, within = "10m"}
[mode]
default = "observe"
[infrastructures.rack]
driver = "static"
anchors = ["127.0.0.1:22", "[fd00::1]:22"]
poll = 10
args = {a = [1, 2.5, 2020-01-01, true]}
[infrastructures.rack.recovery]
mode = "observe"
"""
TOMLS = (
    *(
        b"[",
        b"[[",
        b"a.b.c = ",
        b"{",
        b"'''",
        b'"""',
        b"\\ud800",
        b"0x",
        b"nan",
        b"-inf",
        b"9" * 5000,
        b"1e999",
        b"2020-13-45",
        b"00:61:00",
    ),
    *(b"[infrastructures.", b"anchors = ", b"\x00", b"\xff", b"= ", b"mode = ", b"[recovery.", b"\r", b"1_0", b"99999-01-01T00:00:00Z"),
)
TRACE = b"""
0 fail web/apache soft until reboot for 90s
10 silent mysql until never # x
20 cloud mysql SHUTOFF
25 stall 45s
30 cloud-api down
"""
TRACES = (
    *(
        b"fail ",
        b"pass ",
        b"silent ",
        b"cloud ",
        b"web",
        b"web/apache ",
        b"mysql ",
        b"until never ",
        b"for 20m ",
        b"soft ",
        b"\n",
        b"#",
        b"60 ",
    ),
    *(b"cloud-api up\n", b"anchors down\n", b"stall ", b"pause ", b"action ", b"hangs ", b"confirm-dead ", b"approve\n", b"external-stop "),
    *(
        b"1h2m3s ",
        b"1e999 ",
        b"nan ",
        b"-1 ",
        b"3650d ",
        b"99999d ",
        b"\xd9\xa3 ",
        b"\x85",
        b"\xe2\x80\xa8",
        b"\0",
        b"ERROR\n",
        b"9" * 5000,
    ),
)


def _made(feed: Feed, whole: tuple[bytes, ...], words: tuple[bytes, ...]) -> bytes:
    """A sound text with words put in, or nothing but words; some of the bytes damaged."""
    text = bytearray(feed.pick((b"", *whole)))
    for _ in range(feed.below(24)):
        at = feed.below(len(text) + 1)
        text[at : at + feed.below(8)] = feed.pick(words) if feed.below(4) else feed.take(1 + feed.below(8))
    return damaged(bytes(text), feed)


def read_spec(data: bytes) -> None:
    text = _made(Feed(data), (SOUND.encode(), *(path.read_bytes() for path in sorted(SPECS.glob("*.yaml")))), YAML)
    with tempfile.NamedTemporaryFile("wb") as file:
        file.write(text)
        file.flush()
        with suppress(PcloudError):
            source = read_text(Path(file.name))
            assert source is not None
            _load(source)


def _load(source: str) -> None:
    files = files_of(source)
    assert all(isinstance(each, str) and each.strip() for each in files)
    try:
        spec = loaded(source)
        made = plan(spec)
    except SpecError as error:
        lines = source.split("\n")
        assert error.problems
        assert all(problem.message and 1 <= problem.line <= len(lines) + 1 and problem.column >= 1 for problem in error.problems)
    else:
        assert made.name == spec.name
        assert [each.name for each in made.assemblies]


def read_config(data: bytes) -> None:
    text = _made(Feed(data), (TOML,), TOMLS)
    with suppress(UnicodeDecodeError):  # which read_settings turns into a ConfigError
        source = text.decode()
        try:
            settings = parse_settings(source, "pcloud.toml")
        except ConfigError as error:
            assert all(line.startswith("pcloud.toml") for line in str(error).split("\n")), error
        else:
            assert settings.defaults
            assert 0 <= settings.crash_loop_starts <= 50


def follow_trace(data: bytes) -> None:
    text = _made(Feed(data), (TRACE,), TRACES).decode("utf-8", "replace")
    shop = plan_of("wordpress")
    try:
        facts = read_trace(text, shop)
    except TraceError as error:
        assert str(error).startswith("trace:")
        return
    assert [each.at for each in facts] == sorted(each.at for each in facts)
    until = (facts[-1].at if facts else 0.0) + 600.0
    records = simulate(shop, facts[:4], until=until)
    assert [each.at for each in records] == sorted(each.at for each in records)


BEGINNING = bytes(40)
SPEC_FILES = Target("spec-files", read_spec, seeds=(b"", b"\1\0", b"\2\0", b"\3\0", b"\1\3" + BEGINNING), bounds=Bounds(calls=3_000_000))
CONFIGS = Target("configs", read_config, seeds=(b"", b"\1\0", b"\1\3" + BEGINNING), bounds=Bounds(calls=1_000_000))
TRACE_FILES = Target("traces", follow_trace, seeds=(b"", b"\1\0", b"\1\3" + BEGINNING), bounds=Bounds(calls=30_000_000))
