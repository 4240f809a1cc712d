"""Anchors: addresses that should always answer the controller (policy.md, "Words")."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from agents.answers import reach
from cpe.shell import anchors
from cpe.shell.anchors import Anchors
from pcloud.errors import InfrastructureError
from pcloud.model.guards import AssemblyStanding, Standing
from pcloud.model.ports import Infrastructure
from pcloud.model.words import Reach

pytestmark = pytest.mark.real

HOST = "127.0.0.1"


@asynccontextmanager
async def service(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]) -> AsyncIterator[int]:
    """A port where somebody does ``talk`` with whoever connects."""
    writers: list[asyncio.StreamWriter] = []

    def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        talk(reader, writer)

    server = await asyncio.start_server(met, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()


def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-anchor\r\n")


def say_nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """As a stopped process does, whose kernel completes the handshake."""


def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


class Cloud:
    """The part of an infrastructure that is asked."""

    def __init__(self, *, up: bool = True) -> None:
        self.up = up
        self.asked = 0

    async def find(self, _deployable: str, _assembly: str) -> list[object]:
        self.asked += 1
        if not self.up:
            raise InfrastructureError("the API does not answer")
        return []


def anchored(*configured: str, cloud: Cloud | None = None) -> Anchors:
    asked = cast("Infrastructure", cloud or Cloud())
    return Anchors({"lab": configured}, lambda _name: asked, reach)


def standing(name: str, *, answers: bool, infrastructure: str = "lab") -> Standing:
    return Standing(name, (AssemblyStanding("a", infrastructure, answers=answers),))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "TRY", 0.5)


async def test_a_configured_anchor_that_answers_is_named() -> None:
    async with service(say_nothing) as silent, service(greet) as greeting:
        found = await anchored(f"{HOST}:{silent}", f"{HOST}:{greeting}").find("lab", "shop", "web")
        assert found == (f"{HOST}:{greeting}", True)


async def test_a_handshake_alone_is_no_answer() -> None:
    async with service(say_nothing) as silent, service(hang_up) as closing:
        found = await anchored(f"{HOST}:{silent}", f"{HOST}:{closing}").find("lab", "shop", "web")
        assert found == (f"{HOST}:{silent}, {HOST}:{closing}", False)


async def test_a_service_that_waits_for_its_client_is_asked() -> None:
    def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def read() -> None:
            await reader.read(1)
            writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        tasks.append(asyncio.create_task(read()))

    tasks: list[asyncio.Task[None]] = []
    async with service(answer) as waiting:
        assert await anchored(f"{HOST}:{waiting}").find("lab", "shop", "web") == (f"{HOST}:{waiting}", True)
    await asyncio.gather(*tasks)


async def test_a_port_that_refuses_is_no_answer() -> None:
    async with service(greet) as port:
        pass
    assert await reach(HOST, port, 1.0) is Reach.REFUSED
    assert await anchored(f"{HOST}:{port}").find("lab", "shop", "web") == (
        f"{HOST}:{port}",
        False,
    )


async def test_configured_anchors_that_do_not_answer_are_replaced_by_nothing_else() -> None:
    async with service(say_nothing) as silent:
        found = anchored(f"{HOST}:{silent}")
        found.note(None, standing("other", answers=True))
        assert await found.find("lab", "shop", "web") == (f"{HOST}:{silent}", False)


async def test_without_configured_ones_any_other_assembly_that_answers_is_an_anchor() -> None:
    cloud = Cloud()
    found = anchored(cloud=cloud)
    found.note(None, standing("shop", answers=True))
    found.note(None, standing("far", answers=True, infrastructure="elsewhere"))
    found.note(None, standing("mail", answers=False))
    assert await found.find("lab", "shop", "a") == ("another assembly on lab", False)
    found.note(standing("mail", answers=False), standing("mail", answers=True))
    assert await found.find("lab", "shop", "a") == ("mail/a", True)
    found.note(standing("mail", answers=True), standing("mail", answers=False))
    assert await found.find("lab", "shop", "a") == ("another assembly on lab", False)
    assert cloud.asked == 0


async def test_without_other_assemblies_the_api_is_the_anchor() -> None:
    cloud = Cloud()
    found = anchored(cloud=cloud)
    found.note(None, standing("shop", answers=False))
    found.note(None, standing("mail", answers=False))
    found.note(standing("mail", answers=False), None)
    assert await found.find("lab", "shop", "a") == ("the API of lab", True)
    cloud.up = False
    assert await found.find("lab", "shop", "a") == ("the API of lab", False)
