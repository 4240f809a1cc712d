"""``python3 -m pcloud.images DIRECTORY NAME``: builds an emulated guest's disk with any Python, for whoever has no ``pcloud`` installed."""

from __future__ import annotations

import sys
from pathlib import Path

from pcloud.errors import PcloudError
from pcloud.images.building import build
from pcloud.images.recipe import Recipe
from pcloud.images.store import ImageStore, checked_name


def main(words: list[str]) -> int:
    """Exit status."""
    try:
        directory, name = words
        build(ImageStore(Path(directory)), checked_name(name), Recipe(emulated=True), lambda stage: print(stage, flush=True))  # noqa: T201
    except ValueError as error:
        print(f"error: {error}; usage: python3 -m pcloud.images DIRECTORY NAME", file=sys.stderr)  # noqa: T201
        return 2
    except PcloudError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
