"""What is kept of replaced instances: their last words from the journal, beside where they stand by the policy's state.

Rules: what was said last of an instance counts; one of which nothing was said, and that is there, is told all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from cpe.shell.engines import Engine
from cpe.shell.holding import moment
from cpe.shell.words import expect
from dpe.policy.keeping import KIND
from dpe.policy.retiring import KEPT, worth_keeping
from pcloud.errors import NotFoundError, RefusedError
from pcloud.model.evidence import Evidence
from pcloud.model.ports import Infrastructure
from pcloud.model.state import Retired
from pcloud.records.event import EventRecord
from pcloud.records.evidence import ConsoleNow, InstanceEvidence, Whereabouts

MOST = 100  # replaced instances of one assembly that are told: months of them


class Journal(Protocol):
    """The part of the store that is read here."""

    async def events(self, *, limit: int, target: str, last: bool, kind: str) -> Sequence[EventRecord]:
        """The newest ones, in order."""


class LastWords:
    """``engine`` gives the engine of a deployable."""

    def __init__(
        self,
        engine: Callable[[str], Engine],
        journal: Journal,
        infrastructures: Callable[[str], Infrastructure],
        wall: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._infrastructures = infrastructures
        self._wall = wall

    async def evidence(self, name: str, assembly: str, generation: int | None = None) -> list[InstanceEvidence]:
        """Of all replaced instances of an assembly, or those of one generation, the newest first; NotFoundError."""
        engine = self._engine(name)
        expect(engine.state, assembly, "")
        events = await self._journal.events(limit=MOST, target=f"{name}/{assembly}", last=True, kind=KIND)
        said = {each.evidence.instance_id: (each, each.evidence) for each in events if each.evidence is not None}
        found = sorted(self._all(engine, assembly, said), key=lambda each: each.at, reverse=True)
        chosen = [each for each in found if generation in {None, each.generation}]
        if generation is not None and not chosen:
            known = ", ".join(str(each.generation) for each in found)
            cure = f"of these something is: {known}" if known else "none of its instances was replaced"
            raise NotFoundError(f"nothing is kept of generation {generation} of {name}/{assembly}", cure)
        return chosen

    async def console(self, name: str, assembly: str, generation: int) -> ConsoleNow:
        """The console of a kept instance as its cloud has it now; NotFoundError, RefusedError if it is gone, InfrastructureError."""
        one = (await self.evidence(name, assembly, generation))[0]
        if one.whereabouts is Whereabouts.GONE:
            cure = "what was kept of its console when it was fenced is in its evidence"
            raise RefusedError(f"{one.instance} is gone: nobody has its console any more", cure)
        return ConsoleNow(instance=one.instance, console=await self._infrastructures(one.infrastructure).console(one.instance))

    def _all(self, engine: Engine, assembly: str, said: dict[str, tuple[EventRecord, Evidence]]) -> Iterator[InstanceEvidence]:
        state = engine.state.assemblies[assembly]
        plan = engine.state.plan.assembly(assembly) if engine.state.plan is not None else None
        keep = plan.recovery.keep_failed if plan is not None else 0
        current = state.instance.id if state.instance is not None else ""
        worth = {each.instance_id for each in worth_keeping(state, keep, self._wall() - engine.wall_at(0.0))}
        standing = {each.instance_id: each for each in state.retired}
        for identity in dict.fromkeys([*said, *standing]):
            if identity != current:  # one that could not be fenced, and was taken up again
                yield _evidence(engine, standing.get(identity), said.get(identity), kept=identity in worth)


def _evidence(engine: Engine, stands: Retired | None, said: tuple[EventRecord, Evidence] | None, *, kept: bool) -> InstanceEvidence:
    """One replaced instance, of which at least one of the two is known."""
    if stands is None or stands.gone:
        where = Whereabouts.GONE if stands is None else Whereabouts.LEAVING
    else:
        where = Whereabouts.KEPT if kept else Whereabouts.LEAVING
    until = moment(engine.wall_at(stands.at + KEPT)) if stands is not None and where is Whereabouts.KEPT else None
    place = {"whereabouts": where, "until": until, "twin": stands is not None and stands.twin}
    if said is not None:
        event, words = said
        return InstanceEvidence(
            instance=words.instance_id,
            generation=words.generation,
            infrastructure=words.infrastructure,
            at=event.at,
            address=words.address,
            why=words.why,
            decision=event.decision,
            console=words.console,
            probes=list(words.probes),
            unseen=words.unseen,
            **place,
        )
    if stands is None:
        raise ValueError("nothing is known of it")
    return InstanceEvidence(
        instance=stands.instance_id,
        generation=stands.generation,
        infrastructure=stands.infrastructure,
        at=moment(engine.wall_at(stands.at)),
        **place,
    )
