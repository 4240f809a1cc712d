"""Who looks after which deployable: the engine of each, or why there is none, and what is shown of it then.

Rules: a deployable that nobody looks after is shown with why, and what was known last; to do anything to it is refused with the same
reason, and with what would help.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from cpe.shell.engines import Engine
from cpe.shell.keeper import Keeper
from cpe.shell.status import deployable_status, summary, unattended, unattended_summary, unwritable
from cpe.shell.store.trouble import like
from pcloud.errors import NotFoundError, RefusedError, UnwritableError
from pcloud.model.state import DeployableState
from pcloud.model.words import Desired
from pcloud.records.status import DeployableStatus, DeployableSummary


class Attendance:
    """Finds engines at the ``keeper``; ``unwritable`` says why nothing can be recorded, and so nothing done."""

    def __init__(self, keeper: Keeper, unwritable: Callable[[], UnwritableError | None]) -> None:
        self._keeper = keeper
        self._unwritable = unwritable

    def engine(self, name: str) -> Engine:
        """The engine of a deployable, whether it runs or not. NotFoundError; RefusedError where none could be made."""
        engine = self._keeper.engine(name)
        if engine is None:
            raise self._absent(name)
        return engine

    def attended(self, name: str) -> Engine:
        """The engine of a deployable, if it runs and can record what it is told. NotFoundError, RefusedError, UnwritableError."""
        engine = self.engine(name)
        if (why := self._unwritable()) is not None:
            raise like(why)
        if self._keeper.trouble(name):
            raise self.refusal(name)
        return engine

    def status(self, name: str) -> DeployableStatus:
        """How it stands; NotFoundError."""
        engine, word, trouble = self._keeper.engine(name), self.word(name), self._keeper.trouble(name)
        if engine is not None:
            status = unwritable(deployable_status(engine.state, engine.wall_at), self._unwritable())
        elif name in self._keeper.names:
            status = DeployableStatus(name=name, state=word, desired="unknown", reason=trouble, assemblies=[])
        else:
            raise self.unknown(name)
        reason = f"{trouble}; pcloud retry {name} starts it again" if word == "blocked" else trouble
        return unattended(status, word, reason) if trouble else status

    def summary(self, name: str) -> DeployableSummary:
        """The same in a line."""
        engine, trouble = self._keeper.engine(name), self._keeper.trouble(name)
        found = summary(engine.state) if engine is not None else unattended_summary(name)
        return found.model_copy(update={"state": self.word(name)}) if trouble else found

    def attendant(self, name: str) -> Engine | None:
        """The engine of a deployable, if it runs."""
        return None if self._keeper.trouble(name) else self._keeper.engine(name)

    def anything_at(self, infrastructure: str) -> bool:
        """Whether anything is started that has a machine there, or will have one."""
        return any(has_machines_at(state, infrastructure) for state in self._keeper.last_states())

    def everybody(self) -> dict[str, tuple[Engine | None, str]]:
        """All deployables: the engine of each, and why it does not run; "" where it does."""
        return {name: (self._keeper.engine(name), self._keeper.trouble(name)) for name in self._keeper.names}

    async def revive(self, name: str, *, part: str) -> bool:
        """Look after it again; False where somebody does. RefusedError for a ``part`` of one that nobody looks after."""
        trouble = self._keeper.trouble(name)
        if not trouble:
            return False
        if part:
            raise self.refusal(name)
        await self._keeper.retry(name)
        return True

    def refusal(self, name: str) -> RefusedError:
        """Why nothing can be done to one that nobody looks after."""
        cure = f"pcloud retry {name} starts it again; the daemon's log says more"
        return RefusedError(f"{name} is {self.word(name)}, nobody looks after it: {self._keeper.trouble(name)}", cure)

    def unknown(self, name: str) -> NotFoundError:
        """That there is no such deployable."""
        near = get_close_matches(name, self._keeper.names, n=1)
        cure = f"did you mean {near[0]}?" if near else "pcloud deployable list shows what there is"
        return NotFoundError(f"there is no deployable {name}", cure)

    def word(self, name: str) -> str:
        """The state of one that nobody looks after: what was known last is not what is known now."""
        return "blocked" if self._keeper.blocked(name) else "unknown"

    def _absent(self, name: str) -> NotFoundError | RefusedError:
        """Why a deployable has no engine at all."""
        if name not in self._keeper.names:
            return self.unknown(name)
        cure = f"mend that, then run pcloud retry {name}; or create it again, or delete it"
        return RefusedError(f"{name} is {self.word(name)}: {self._keeper.trouble(name)}", cure)


def has_machines_at(state: DeployableState, infrastructure: str) -> bool:
    """Whether a deployable that is started has machines there that a cloud knows of."""
    if state.desired is not Desired.RUNNING or state.plan is None:
        return False
    return any(each.infrastructure == infrastructure and not each.static for each in state.plan.assemblies)
