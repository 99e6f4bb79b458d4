import errno
import socket
import ssl
import threading

import pytest
from geventhttpclient.response import HTTPConnectionClosed
from geventhttpclient.useragent import RetriesExceeded

from loadtest.scenario import connections
from loadtest.scenario.connections import HonestPool, is_cut
from tests.support.certificates import self_signed


@pytest.fixture
def closing_server():
    """A server that reads requests and closes without an answer; yields its port and a count."""
    requests = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    requests.append(connection.recv(65536))

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], requests
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_request_is_sent_once_even_when_the_connection_ends(closing_server):
    port, requests = closing_server
    pool = HonestPool(5)
    with pytest.raises(HTTPConnectionClosed):
        pool.get_client(f"http://127.0.0.1:{port}/").get("/load-hot-0001")
    pool.close()
    assert len(requests) == 1


def test_an_ended_connection_is_told_from_one_that_was_never_made():
    closed = HTTPConnectionClosed("connection closed")
    assert is_cut(closed)
    assert is_cut(RetriesExceeded("http://127.0.0.1/", 0, original=closed))
    assert is_cut(ConnectionResetError(errno.ECONNRESET, "reset"))
    assert not is_cut(ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
    assert not is_cut(TimeoutError("timed out"))


@pytest.fixture
def https_server(tmp_path):
    """A server with a certificate of its own; yields its port and the certificate."""
    certificate, key = self_signed(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)

        def serve():
            try:
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(65536)
                    secure.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                return

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], certificate
        thread.join()


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_certificate_is_trusted_if_this_machine_is_told_to(https_server, monkeypatch, is_trusted):
    port, certificate = https_server
    connections._trust.cache_clear()
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    pool = HonestPool(5)
    if is_trusted:
        client = pool.get_client(f"https://localhost:{port}/")
        assert client.get("/load-viral").status_code == 302
    else:
        # By its address: a name may have several, and the first one's refusal is what is told.
        client = pool.get_client(f"https://127.0.0.1:{port}/")
        with pytest.raises(ssl.SSLCertVerificationError):
            client.get("/load-viral")
    pool.close()
    connections._trust.cache_clear()
