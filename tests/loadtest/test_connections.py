import errno
import socket
import threading

import pytest
from geventhttpclient.response import HTTPConnectionClosed
from geventhttpclient.useragent import RetriesExceeded

from loadtest.connections import HonestPool, is_cut


@pytest.fixture
def closing_server():
    """A server that reads requests and closes without an answer; yields its port and a count."""
    requests = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

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
    pool = HonestPool(concurrency=1, network_timeout=5, connection_timeout=5)
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
