"""Sending, to real receivers that hang, lie, redirect, hang up and drip."""

import socket
import ssl
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import self_signed
from tests.support.receivers import (
    Receiver,
    answering,
    dripping,
    receiver,
    saying,
    until_closed,
)
from workers.webhooks.sending import Answer, Sender

PATIENT_SECONDS = 60.0
SENDER = Sender(PATIENT_SECONDS, allow_private=True)
#: For receivers that never answer: however late this machine is, nothing else can come.
IMPATIENT = Sender(0.3, allow_private=True)
HEADERS = {"webhook-id": "msg_1"}


def send(to: Receiver, sender: Sender = SENDER) -> Answer:
    return sender.send(to.url + "?a=b", HEADERS, b'{"a":1}')


def test_a_body_is_sent_with_its_headers() -> None:
    with receiver() as one:
        assert send(one) == Answer(200, text="ok")
        (request,) = one.requests
    assert request.line == "POST /hook?a=b HTTP/1.1"
    assert request.body == b'{"a":1}'
    assert request.headers["host"] == f"127.0.0.1:{one.port}"
    assert request.id == "msg_1"


@pytest.mark.parametrize("status", [204, 400, 404, 410, 500, 503])
def test_a_status_is_what_it_is(status: int) -> None:
    with receiver(answering(status, "Retry-After: 7\r\n", b"")) as one:
        assert send(one) == Answer(status, retry_after="7")


def test_a_redirect_is_not_followed() -> None:
    with receiver() as other, receiver(answering(307, f"Location: {other.url}\r\n")) as one:
        assert send(one).status == 307
        assert other.requests == []


def test_who_lies_about_the_length_of_an_answer_is_cut_short() -> None:
    with receiver(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nok")) as one:
        assert send(one).status == 200
    with receiver(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + b"a" * 10**6)) as one:
        assert send(one) == Answer(200, text="aa")
    with receiver(saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 10**7)) as one:
        assert len(send(one).text) <= 1024


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 2\0 OK\r\n\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        b"HTTP/1.1 200" + b"a" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000,
    ],
)
def test_what_is_no_answer_is_an_error(raw: bytes) -> None:
    with receiver(saying(raw)) as one:
        answer = send(one)
    assert answer.status == 0
    assert answer.error
    assert "\n" not in answer.error


@pytest.mark.parametrize(
    "behave",
    [
        until_closed,
        saying(b"HTTP/1.1 200 OK\r\nA: b", hang=True),
        saying(b"HTTP/1.1 100 Continue\r\n\r\n", hang=True),
        dripping(b"HTTP/1.1 200 OK\r\nA: "),
        dripping(b""),
    ],
)
def test_who_hangs_or_drips_before_the_answer_is_given_up(behave: Any) -> None:
    with receiver(behave) as one:
        assert send(one, IMPATIENT) == Answer(error="no answer within 0.3 s")


@pytest.mark.parametrize(
    "behave",
    [
        dripping(b"HTTP/1.1 200 OK\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5"),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", hang=True),
    ],
)
def test_who_has_answered_may_hang_with_the_rest(behave: Any) -> None:
    """A time that ends before the head has come says nothing of the rest: the next is longer."""
    with receiver(behave) as one:
        tries = (send(one, Sender(seconds, allow_private=True)) for seconds in (0.3, 3.0, 30.0))
        answer = next(filter(attrgetter("status"), tries), None)
    assert answer is not None
    assert (answer.status, answer.error) == (200, "")


def test_who_reads_nothing_of_a_large_body_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        assert IMPATIENT.send(url, {}, b"a" * 20_000_000).error == "no answer within 0.3 s"


def test_who_is_not_there_is_an_error(free_port: Any) -> None:
    assert SENDER.send(f"http://127.0.0.1:{free_port()}/", {}, b"").error == "Connection refused"
    assert "example.invalid" not in SENDER.send("http://example.invalid/", {}, b"").text
    assert SENDER.send("http://example.invalid/", {}, b"").error


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254"])
def test_private_networks_are_not_reached(host: str) -> None:
    with receiver() as one:
        answer = Sender(PATIENT_SECONDS, allow_private=False).send(
            f"http://{host}:{one.port}/", {}, b""
        )
        assert "in a private network" in answer.error
        assert one.requests == []


def test_a_name_that_leads_elsewhere_a_moment_later_gains_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was looked up and checked is what is connected to: there is no second look."""
    with receiver() as one:
        answers = iter([("8.8.8.8", "127.0.0.1"), ("127.0.0.1",), ("127.0.0.1",)])

        def lookup(_host: str, port: int, **_: object) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in next(answers)]

        def connect(_: socket.socket, address: tuple[str, int]) -> None:
            reached.append(address[0])
            raise ConnectionRefusedError(111, "Connection refused")

        reached: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        monkeypatch.setattr(socket.socket, "connect", connect)
        guarded = Sender(PATIENT_SECONDS, allow_private=False)
        url = f"http://rebound.example:{one.port}/"
        first, second = (guarded.send(url, {}, b"") for _ in range(2))
        assert (first.error, reached) == ("Connection refused", ["8.8.8.8"])
        assert "rebound.example leads to 127.0.0.1" in second.error
        assert one.requests == []


def test_certificates_are_checked(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "localhost")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)

    with receiver() as one:
        one.context = server
        url = f"https://localhost:{one.port}/"
        assert "certificate is not good" in SENDER.send(url, {}, b"").error
        trusting = ssl.create_default_context(cafile=str(certificate))
        sender = Sender(PATIENT_SECONDS, allow_private=True, context=trusting)
        assert sender.send(url, {}, b"{}").status == 200
        elsewhere = f"https://127.0.0.1:{one.port}/"
        assert "certificate is not good" in sender.send(elsewhere, {}, b"").error
    with receiver(until_closed) as plain:
        hung = plain.url.replace("http:", "https:")
        assert IMPATIENT.send(hung, {}, b"").error == "no answer within 0.3 s"


def test_settings_of_a_proxy_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy, receiver() as one:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert send(one).status == 200
        assert proxy.requests == []
