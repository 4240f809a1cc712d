"""The two parsers that a spec's text is read with: libyaml, and PyYAML's own, which is slower, always there, and has the better words.

Rules: both compose the same nodes with the same marks, but that libyaml lets more tabs pass and marks a value that is not there at what
follows it; depth is bounded, so that nothing recursive runs into Python's own bound.
"""

from __future__ import annotations

import yaml

DEEPEST = 50
"""A spec is 8 deep, and a cloud_config a little more; every level costs the composer two frames of Python's stack."""


class Bounded(yaml.composer.Composer):
    """PyYAML's composer with a bound on depth; those below join it with a parser."""

    depth = 0

    def __init__(self, source: str) -> None:
        """Nothing is read before ``get_single_node``."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """One node with all below it; YAMLError when it goes deeper than any spec does."""
        if self.depth >= DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"goes deeper than {DEEPEST} levels", self.here())
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def here(self) -> yaml.Mark | None:
        """Where the node begins that is next, if the parser tells."""
        return None


class Plain(Bounded, yaml.SafeLoader):
    """Reads with PyYAML's own parser."""

    def __init__(self, source: str) -> None:
        yaml.SafeLoader.__init__(self, source)

    def here(self) -> yaml.Mark:
        """Where the node begins that is next."""
        mark: yaml.Mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        return mark


def quickest() -> type[Bounded]:
    """The one with libyaml, which takes a third of the time; the plain one where PyYAML was built without it."""
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined] # noqa: PLC0415 # may not be there
    except ImportError:
        return Plain

    class Quick(Bounded, CParser, yaml.resolver.Resolver):
        """Reads with libyaml; composed in Python still, because libyaml's composer knows no bound."""

        def __init__(self, source: str) -> None:
            CParser.__init__(self, source)
            yaml.composer.Composer.__init__(self)
            yaml.resolver.Resolver.__init__(self)

    return Quick


Quickest = quickest()
