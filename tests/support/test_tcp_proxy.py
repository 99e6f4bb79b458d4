import socket
import threading
import time

import pytest

from tests.support.tcp_proxy import Cut, CuttingProxy


class EchoServer:
    """Answers each piece with itself, and notes what it got."""

    def __init__(self):
        self.got = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                while piece := client.recv(65536):
                    self.got += piece
                    client.sendall(piece)

    def close(self):
        self._listener.close()


@pytest.fixture
def server():
    echo = EchoServer()
    yield echo
    echo.close()


@pytest.fixture
def proxy(server):
    with CuttingProxy(server.port) as started:
        yield started


@pytest.fixture
def client(proxy):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as connection:
        yield connection


def ask(client, command):
    """Return what is answered; nothing when the connection is cut."""
    try:
        client.sendall(command)
        return client.recv(65536)
    except ConnectionResetError:
        return b""


def test_everything_passes_until_a_cut_is_armed(client, server):
    assert ask(client, b"XADD 1") == b"XADD 1"
    assert server.got == b"XADD 1"


def test_a_command_can_be_lost(proxy, client, server):
    cut = Cut(b"XADD", is_reply=False, share=0.0)
    proxy.arm(cut)
    assert ask(client, b"PING") == b"PING"
    assert not cut.has_happened
    assert ask(client, b"XADD 1") == b""
    assert cut.has_happened
    assert server.got == b"PING"


def test_a_command_can_be_torn(proxy, client, server):
    proxy.arm(Cut(b"XADD", is_reply=False, share=0.5))
    ask(client, b"XADD 1")
    assert server.got in (b"", b"XAD")


def test_a_reply_can_be_lost_after_the_server_has_acted(proxy, client, server):
    cut = Cut(b"XADD", is_reply=True, share=0.0)
    proxy.arm(cut)
    assert ask(client, b"PING") == b"PING"
    assert ask(client, b"XADD 1") == b""
    assert cut.has_happened
    assert server.got == b"PINGXADD 1"


def test_pieces_of_a_reply_can_be_spared(proxy, client):
    proxy.arm(Cut(b"INSERT", is_reply=True, share=0.0, spared=1))
    assert ask(client, b"INSERT") == b"INSERT"
    assert ask(client, b"rows") == b""


def test_a_cut_happens_once(proxy, server):
    proxy.arm(Cut(b"XADD", is_reply=False, share=0.0))
    answers = []
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as connection:
            answers.append(ask(connection, b"XADD 1"))
    assert answers == [b"", b"XADD 1"]


def test_what_was_held_back_by_a_stall_is_delivered_after_it(proxy, client, server):
    proxy.stall()
    client.sendall(b"XADD 1")
    client.settimeout(0.1)
    with pytest.raises(TimeoutError):
        client.recv(65536)
    assert server.got == b""
    client.settimeout(60)
    proxy.flow()
    assert client.recv(65536) == b"XADD 1"


def test_what_is_late_arrives_whole(proxy, client, server):
    proxy.delay(0.2)
    began = time.monotonic()
    client.sendall(b"one")
    assert client.recv(10) == b"one"
    assert time.monotonic() - began >= 0.4
    proxy.delay(0.0)


def test_a_client_of_a_server_that_is_away_is_hung_up_on(server):
    with (
        CuttingProxy(port_of_nobody()) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as connection,
    ):
        assert ask(connection, b"PING") == b""


def port_of_nobody():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
