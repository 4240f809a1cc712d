"""What machines say, so that people can read it: one line's characters, and nothing that steers a terminal.

Rules: pure.
"""

from __future__ import annotations


def printable(text: str) -> str:
    """The text without what cannot be printed, and without blanks around it; a line's end becomes a blank."""
    return "".join(each for each in " ".join(text.splitlines()) if each.isprintable() or each == "\t").strip(" ")
