"""What systemd's bus says of units, as data; no machine is needed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jeepney import HeaderFields, Message, MessageType, Parser
from jeepney.low_level import Endianness, Header

from agents.bus import BusError, Conversation, UnitNews, how_it_crashed

OK = b"OK 0123456789abcdef0123456789abcdef\r\n"
PATH = "/org/freedesktop/systemd1/unit/mariadb_2eservice"


def sent(talk: Conversation) -> list[Message]:
    """The messages that are outgoing, without the login before them."""
    return Parser().feed(talk.outgoing().rpartition(b"BEGIN\r\n")[2])


def message(kind: MessageType, fields: dict[HeaderFields, object], signature: str, *body: object) -> bytes:
    fields = {**fields, HeaderFields.signature: signature}
    return bytes(Message(Header(Endianness.little, kind, 0, 1, -1, 7, fields), body).serialise())


def answer(asked: Message, signature: str, *body: object) -> bytes:
    return message(MessageType.method_return, {HeaderFields.reply_serial: asked.header.serial}, signature, *body)


def changed(interface: str, properties: dict[str, tuple[str, object]]) -> bytes:
    fields = {HeaderFields.path: PATH, HeaderFields.interface: "org.freedesktop.DBus.Properties", HeaderFields.member: "PropertiesChanged"}
    return message(MessageType.signal, fields, "sa{sv}as", interface, properties, [])


def feed(talk: Conversation, data: bytes) -> None:
    for _ in range(100):
        talk.feed(data)


def crash() -> bytes:
    unit = {"ActiveState": ("s", "failed"), "Job": ("(uo)", (0, "/")), "InactiveExitTimestampMonotonic": ("t", 10)}
    times = {"ActiveEnterTimestampMonotonic": ("t", 11), "ActiveExitTimestampMonotonic": ("t", 31)}
    service = changed("org.freedesktop.systemd1.Service", {"Result": ("s", "signal"), "ExecMainExitTimestampMonotonic": ("t", 30)})
    return service + changed("org.freedesktop.systemd1.Unit", {**unit, **times})


def begun(*names: str, restart: str = "no") -> Conversation:
    """A conversation that has found all its units at one path."""
    talk = Conversation(names)
    asked = [each for each in sent(talk) if each.header.fields[HeaderFields.member] == "LoadUnit"]
    assert [news.unit for news in talk.feed(b"".join([OK, *(answer(each, "o", PATH) for each in asked)]))] == list(names)
    for each in sent(talk):
        if each.header.fields[HeaderFields.member] == "Get":
            talk.feed(answer(each, "v", ("s", restart)))
    return talk


def test_a_service_that_ends_by_itself_is_told_with_how_it_ended_under_each_of_its_names() -> None:
    talk = begun("mysql.service", "mariadb.service")
    assert talk.feed(crash()) == [UnitNews(name, "failed (signal)") for name in ("mariadb.service", "mysql.service")]


def test_words_that_a_service_says_of_its_status_are_no_news() -> None:
    talk = begun("mariadb.service")
    running = {"ActiveState": ("s", "active"), "SubState": ("s", "running")}
    seen = []
    for words in ("Processes active: 0", "Processes active: 1"):
        talk.feed(changed("org.freedesktop.systemd1.Service", {"StatusText": ("s", words), "MainPID": ("u", 7)}))
        seen.append(talk.feed(changed("org.freedesktop.systemd1.Unit", running)))
    assert seen == [[UnitNews("mariadb.service")], []]


@pytest.mark.parametrize("restart", ["on-failure", "always", ""])
def test_one_that_systemd_restarts_is_looked_at(restart: str) -> None:
    assert begun("mariadb.service", restart=restart).feed(crash()) == [UnitNews("mariadb.service")]


def test_an_answer_to_another_question_than_was_asked_says_nothing() -> None:
    talk = Conversation(["mariadb.service"])
    [asked] = [each for each in sent(talk) if each.header.fields[HeaderFields.member] == "LoadUnit"]
    assert talk.feed(OK + answer(asked, "v", ("s", PATH))) == []
    talk = begun("mariadb.service")
    talk.feed(message(MessageType.signal, {HeaderFields.member: "Reloading"}, "b", False))
    [asked] = [each for each in sent(talk) if each.header.fields[HeaderFields.member] == "LoadUnit"]
    talk.feed(answer(asked, "o", PATH))
    [get] = [each for each in sent(talk) if each.header.fields[HeaderFields.member] == "Get"]
    assert talk.feed(answer(get, "o", "/no")) == []
    assert talk.feed(crash()) == [UnitNews("mariadb.service")], "nobody knows whether systemd restarts it"


def test_bytes_may_come_in_any_portion() -> None:
    talk = begun("mariadb.service")
    news = [each for byte in crash() for each in talk.feed(bytes([byte]))]
    assert news == [UnitNews("mariadb.service", "failed (signal)")]


def test_what_a_login_prints_before_the_bus_speaks_is_skipped() -> None:
    talk = Conversation(["mariadb.service"])
    asked = next(each for each in sent(talk) if each.header.fields[HeaderFields.member] == "LoadUnit")
    for noise in (b"Welcome!\r\nOK folks, ", b"\0l\1\0\1 today is Tuesday\n", b"DATA\r\n"):
        assert talk.feed(noise) == []
    assert talk.feed(OK + answer(asked, "o", PATH)) == [UnitNews("mariadb.service")]


def test_a_login_that_prints_without_end_ends_the_conversation() -> None:
    talk = Conversation(["mariadb.service"])
    with pytest.raises(BusError, match="without end"):
        feed(talk, b"y\n" * 1000)


def test_a_systemd_that_is_not_on_its_bus_ends_the_conversation() -> None:
    talk = Conversation(["mariadb.service"])
    asked = next(each for each in sent(talk) if each.header.fields[HeaderFields.member] == "Subscribe")
    fields = {HeaderFields.reply_serial: asked.header.serial, HeaderFields.error_name: "org.freedesktop.DBus.Error.ServiceUnknown"}
    with pytest.raises(BusError, match="not on its bus"):
        talk.feed(OK + message(MessageType.error, fields, "s", "unknown"))


def test_a_message_without_end_ends_the_conversation() -> None:
    talk = begun("mariadb.service")
    endless = b"l\4\1\1" + (0x7000000).to_bytes(4, "little") + b"\1\0\0\0\0\0\0\0"
    with pytest.raises(BusError, match="more than"):
        feed(talk, endless + bytes(100_000))


@pytest.mark.parametrize("signature", ["a()", "a(())"])
def test_a_message_that_its_reader_would_never_come_to_the_end_of_is_left_out(signature: str) -> None:
    talk = begun("mariadb.service")
    running = changed("org.freedesktop.systemd1.Unit", {"ActiveState": ("s", "active")})
    plain = message(MessageType.signal, {HeaderFields.member: "x"}, "au" + "u" * (len(signature) - 2), [1], *[2] * (len(signature) - 2))
    endless = plain.replace(f"au{'u' * (len(signature) - 2)}".encode(), signature.encode())
    assert endless != plain
    assert talk.feed(endless + running) == [UnitNews("mariadb.service")]


def test_files_that_are_read_anew_without_end_and_without_an_answer_fill_no_memory() -> None:
    talk = begun("mariadb.service")
    for _ in range(1000):
        talk.feed(message(MessageType.signal, {HeaderFields.member: "Reloading"}, "b", False))
    assert len(talk._asked) + len(talk._asked_restart) + len(talk._known) <= 3


@given(st.binary(max_size=300))
@example(message(MessageType.signal, {HeaderFields.member: "PropertiesChanged", HeaderFields.path: PATH}, "s", "nothing more"))
@example(message(MessageType.signal, {HeaderFields.member: "PropertiesChanged", HeaderFields.path: PATH}, "sss", "what", "is", "this"))
@example(message(MessageType.signal, {HeaderFields.member: "Reloading"}, "", *()))
def test_no_bytes_whatsoever_are_more_than_the_end_of_the_conversation(data: bytes) -> None:
    talk = begun("mariadb.service")
    try:
        talk.feed(data)
    except BusError:
        return


FAILED = {"ActiveState": "failed", "Job": (0, "/")}
TIMES = {"InactiveExitTimestampMonotonic": 10, "ActiveEnterTimestampMonotonic": 20, "ActiveExitTimestampMonotonic": 30}
ENDED = {"ExecMainExitTimestampMonotonic": 29, "Result": "exit-code"}


@pytest.mark.parametrize(
    ("unit", "service", "told"),
    [
        (FAILED | TIMES, ENDED, "failed (exit-code)"),
        (FAILED | TIMES | {"Job": (7, "/job")}, ENDED, ""),  # it is about to be started again
        (FAILED | TIMES | {"ActiveState": "activating"}, ENDED, ""),
        (FAILED | TIMES, ENDED | {"ExecMainExitTimestampMonotonic": 31}, ""),  # it was asked to end
        (FAILED | TIMES | {"ActiveEnterTimestampMonotonic": 5}, ENDED, ""),  # it has not come as far as active
        (FAILED | TIMES, ENDED | {"Result": "success"}, ""),
        (FAILED, {"Result": "start-limit-hit"}, "failed (start-limit-hit)"),
        (FAILED | TIMES, {}, ""),  # no service: a mount, a socket
        ({}, {}, ""),
    ],
)
def test_only_what_ended_by_itself_needs_no_look(unit: dict[str, object], service: dict[str, object], told: str) -> None:
    assert how_it_crashed(unit, service) == told
