"""The shell files beside this module, with settings before them.

Rules: settings are quoted here and nowhere else; a setting is a variable of the text, and is not exported.
"""

from __future__ import annotations

import shlex
from functools import cache
from importlib.resources import files


@cache
def _text(name: str) -> str:
    return (files("agents.resources") / name).read_text(encoding="utf-8")


def compose(file: str, /, *, verb: str = "", **settings: str) -> str:
    """A shell file with ``settings`` before it; ``verb`` is the function of it that is called at its end."""
    words = "\n".join(f"{key}={shlex.quote(value)}" for key, value in settings.items())
    return f"{words}\n{_text(file)}\n{verb}\n"
