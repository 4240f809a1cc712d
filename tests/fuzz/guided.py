"""One target under atheris: ``python -m tests.fuzz.guided NAME``, then options of libFuzzer, which bounds time and memory."""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-not-found,unused-ignore]

with atheris.instrument_imports(include=["agents", "cpe", "dpe", "pcloud", "jeepney"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    program, name, *options = sys.argv
    target = TARGETS[name]
    target.run(b"")  # what is made once and kept
    atheris.Setup([program, *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
