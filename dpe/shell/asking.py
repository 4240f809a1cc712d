"""Asking other sights: the cloud about one instance, peers about ports. An answer is an event; a question changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from dpe.shell.facts import Fact
from dpe.shell.machines import Machines
from dpe.shell.watching import Watchers
from pcloud.errors import PcloudError
from pcloud.limits import time_limit
from pcloud.model.actions import AskPeers, ProbeAgain, Question, ReadInstance
from pcloud.model.events import CloudAnswered, CloudUnreachable, PeerAnswered
from pcloud.model.words import Reach

CLOUD_READ = 10.0  # seconds for one reading: longer than a healthy API ever takes, and no longer than two questions are apart
PEER_TRY = 3.0  # seconds for one port: a service that answers does so in milliseconds


class Asker:
    """Puts questions and posts their answers."""

    def __init__(self, machines: Machines, watchers: Watchers, post: Callable[[Fact], None]) -> None:
        self._machines = machines
        self._watchers = watchers
        self._post = post

    async def ask(self, question: Question) -> None:
        """Ask, and post what is answered."""
        match question:
            case ReadInstance():
                await self._read(question)
            case AskPeers():
                await self._ask_peers(question)
            case ProbeAgain(assembly=assembly, contact=contact):
                agent = self._watchers.any_agent(assembly)
                if agent is not None:
                    agent.probe_again()
                    if contact:
                        agent.reach_again()

    async def _read(self, question: ReadInstance) -> None:
        of: dict[str, Any] = {"assembly": question.assembly, "instance_id": question.instance.id}
        try:
            async with time_limit(CLOUD_READ):
                reading = await self._machines.read(question.instance)
        except TimeoutError:
            self._post(Fact(CloudUnreachable, **of, reason=f"no answer for {CLOUD_READ:g}s"))
        except PcloudError as error:
            self._post(Fact(CloudUnreachable, **of, reason=str(error)))
        else:
            self._post(Fact(CloudAnswered, **of, status=reading.status, stopped_by=reading.stopped_by))

    async def _ask_peers(self, question: AskPeers) -> None:
        """Every peer about every port, all at once: there is a handful of each."""
        await asyncio.gather(*(self._ask_peer(question, peer, port) for peer in question.peers for port in question.ports))

    async def _ask_peer(self, question: AskPeers, peer: str, port: int) -> None:
        agent = self._watchers.any_agent(peer)
        reach = Reach.UNABLE if agent is None else await agent.reach(question.instance.address, port, PEER_TRY)
        of = {"assembly": question.assembly, "generation": question.instance.generation}
        self._post(Fact(PeerAnswered, peer=peer, port=port, reach=reach, **of))
