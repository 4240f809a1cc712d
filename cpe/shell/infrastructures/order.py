"""What an infrastructure is to be made of: its settings, and refusals that name the place of each mistake in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from cpe.shell.infrastructures.settings import InfrastructureSettings
from pcloud.errors import RefusedError
from pcloud.spec.problems import path_text
from pcloud.spec.wording import known_keys, wording

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Order:
    """One infrastructure that somebody has configured. ``directory``: its own, for what it keeps on this host; it need not exist."""

    name: str
    settings: InfrastructureSettings
    controller: str
    directory: Path

    def args(self, model: type[M]) -> M:
        """What ``args`` come to; RefusedError that names each one that is wrong, and what would be right."""
        try:
            return model.model_validate(self.settings.args)
        except ValidationError as error:
            raise RefusedError("\n".join(self._problems(model, error)), f"its args are {', '.join(known_keys(model, ()))}") from error

    def takes_no_args(self) -> None:
        """RefusedError where there are some, or a cloud."""
        if self.settings.args or self.settings.cloud:
            raise self.refused(f"the driver {self.settings.driver} takes no args and no cloud", "leave them out")

    def takes_no_cloud(self) -> None:
        """RefusedError where there is one."""
        if self.settings.cloud:
            raise self.refused(f"the driver {self.settings.driver} takes no cloud", "leave it out")

    def refused(self, said: str, cure: str) -> RefusedError:
        """The refusal of what is said to be wrong with it."""
        return RefusedError(f"infrastructure {self.name}: {said}", cure)

    def _problems(self, model: type[BaseModel], error: ValidationError) -> Iterator[str]:
        for detail in error.errors(include_url=False):
            message, cure = wording(detail, known_keys(model, detail["loc"][:-1]))
            yield f"infrastructure {self.name}: args.{path_text(detail['loc'])}: {message}{f'; {cure}' if cure else ''}"
