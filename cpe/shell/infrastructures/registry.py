"""The infrastructures of one controller by name, each made when it is first asked for. ``local`` exists without being written."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from cpe.shell.infrastructures.adapter import LibcloudInfrastructure
from cpe.shell.infrastructures.build import build
from cpe.shell.infrastructures.settings import InfrastructureSettings
from cpe.shell.infrastructures.tally import Tally
from pcloud.errors import NotFoundError
from pcloud.model.ports import Infrastructure

EMBEDDED = "local"


class Infrastructures:
    """Knows every infrastructure that the configuration names."""

    def __init__(self, settings: Mapping[str, InfrastructureSettings], *, controller: str, state_directory: Path) -> None:
        self._settings = {EMBEDDED: InfrastructureSettings(), **settings}
        self._controller = controller
        self._state_directory = state_directory
        self._made: dict[str, Infrastructure] = {}

    @property
    def settings(self) -> Mapping[str, InfrastructureSettings]:
        """What is configured, by name."""
        return self._settings

    def expect(self, name: str) -> InfrastructureSettings:
        """The settings of that name; NotFoundError."""
        if name not in self._settings:
            near = get_close_matches(name, self._settings, n=1)
            cure = f"did you mean {near[0]}?" if near else f"the configuration has {', '.join(sorted(self._settings))}"
            raise NotFoundError(f"there is no infrastructure {name}", cure)
        return self._settings[name]

    def get(self, name: str) -> Infrastructure:
        """The infrastructure of that name; NotFoundError, or what its driver says against its settings."""
        settings = self.expect(name)
        if name not in self._made:
            self._made[name] = build(name, settings, controller=self._controller, state_directory=self._state_directory)
        return self._made[name]

    def tallies(self) -> dict[str, Tally]:
        """How the calls went, of each infrastructure that was asked for anything."""
        return {name: made.tally for name, made in self._made.items() if isinstance(made, LibcloudInfrastructure)}

    def close(self) -> None:
        """End the threads of all of them; calls under way are not waited for."""
        for made in self._made.values():
            if isinstance(made, LibcloudInfrastructure):
                made.close()
