import socket
import threading

import pytest

from app.health.host.answer import NO_HTTP, ask
from app.local.ports import (
    BindRefused,
    get,
    http_status,
    http_url,
    is_listening,
    require_free,
)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def port_of(server):
    return server.getsockname()[1]


def test_a_port_in_use_names_place_and_setting(listener):
    bind = f"127.0.0.1:{port_of(listener)}"
    with pytest.raises(BindRefused, match=rf"{bind}: address already in use.*REDIRECT_BIND"):
        require_free([("HOPLINE_REDIRECT_BIND", bind)])


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_a_free_port_is_fine(free_port, host):
    require_free([("HOPLINE_REDIRECT_BIND", f"{host}:{free_port()}")])


def test_a_free_port_stays_free(free_port):
    bind = f"127.0.0.1:{free_port()}"
    for _ in range(2):
        require_free([("HOPLINE_REDIRECT_BIND", bind)])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("127.0.0.1:{}", "127.0.0.1:{}"),
        ("0.0.0.0:{}", "127.0.0.1:{}"),
        ("127.0.0.1:{}", "[::]:{}"),
        ("unix:{}.sock", "unix:{}.sock"),
    ],
)
def test_two_services_at_one_place_are_refused_by_both_names(free_port, first, second):
    port = free_port()
    binds = [("HOPLINE_REDIRECT_BIND", first.format(port)), ("X", "off")]
    with pytest.raises(BindRefused, match=r"CONSOLE_BIND.* where HOPLINE_REDIRECT_BIND listens"):
        require_free([*binds, ("HOPLINE_CONSOLE_BIND", second.format(port))])
    require_free([*binds, ("HOPLINE_CONSOLE_BIND", f"127.0.0.1:{free_port()}")])


def test_every_address_is_not_free_where_one_of_them_is_taken(free_port):
    with socket.create_server(("127.0.0.2", free_port())) as server:
        bind = f"0.0.0.0:{port_of(server)}"
        with pytest.raises(BindRefused, match="address already in use"):
            require_free([("HOPLINE_REDIRECT_BIND", bind)])


@pytest.mark.parametrize("host", ["a..b", "x" * 64])
def test_a_name_that_can_be_none_is_refused(free_port, host):
    with pytest.raises(BindRefused, match="can't listen on"):
        require_free([("HOPLINE_REDIRECT_BIND", f"{host}:{free_port()}")])


@pytest.mark.parametrize("bind", ["fd://3", "127.0.0.1:0"])
def test_a_bind_that_up_cannot_serve_is_refused(bind):
    with pytest.raises(BindRefused, match="HOPLINE_CONSOLE_BIND"):
        require_free([("HOPLINE_CONSOLE_BIND", bind)])


def test_an_address_of_another_machine_is_refused(free_port):
    with pytest.raises(BindRefused, match=r"192\.0\.2\.1"):
        require_free([("HOPLINE_REDIRECT_BIND", f"192.0.2.1:{free_port()}")])


def test_a_socket_file_that_nobody_answers_at_is_fine(tmp_path):
    path = tmp_path / "redirect.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    require_free([("HOPLINE_REDIRECT_BIND", f"unix:{path}")])


def test_a_socket_file_that_somebody_answers_at_is_refused(tmp_path):
    path = tmp_path / "redirect.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with pytest.raises(BindRefused, match="something answers there"):
            require_free([("HOPLINE_REDIRECT_BIND", f"unix:{path}")])


def test_listening_is_seen(listener, free_port):
    assert is_listening(port_of(listener))
    assert not is_listening(free_port())


@pytest.mark.parametrize(
    ("bind", "url"),
    [
        ("127.0.0.1:8081", "http://127.0.0.1:8081"),
        ("0.0.0.0:8081", "http://127.0.0.1:8081"),
        ("[::]:8081", "http://[::1]:8081"),
        ("unix:/run/console.sock", "unix:/run/console.sock"),
    ],
)
def test_a_service_has_a_url_for_a_browser_of_this_machine(bind, url):
    assert http_url(bind) == url


def answer_once(listener, answer):
    def serve():
        connection, _ = listener.accept()
        with connection:
            requests.append(connection.recv(4096))
            connection.sendall(answer)

    requests = []
    thread = threading.Thread(target=serve)
    thread.start()
    return thread, requests


def test_the_status_of_a_service_is_read_with_headers_sent(listener):
    thread, requests = answer_once(listener, b"HTTP/1.1 302 Found\r\n\r\n")
    assert get(f"127.0.0.1:{port_of(listener)}", "/a", {"X-Test": "yes"}) == 302
    thread.join()
    assert requests[0].startswith(b"GET /a HTTP/1.0\r\nX-Test: yes\r\n")


def test_a_service_that_closes_at_once_is_told_from_nothing(listener):
    thread, _ = answer_once(listener, b"")
    assert http_status(f"127.0.0.1:{port_of(listener)}", "/-/ready") == NO_HTTP
    thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"-ERR wrong number of arguments for 'get' command\r\n",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"\n" * 10,
    ],
)
def test_what_is_no_web_server_is_told_from_nothing(listener, answer):
    thread, _ = answer_once(listener, answer)
    assert ask(f"127.0.0.1:{port_of(listener)}", "/-/ready") == (NO_HTTP, "", b"")
    thread.join()


def test_a_service_that_is_away_has_no_status(free_port):
    assert http_status(f"127.0.0.1:{free_port()}", "/-/ready") == 0
