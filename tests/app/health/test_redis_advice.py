import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable

import pytest
from redis import Redis

from app.health.redis_advice import advice
from app.redis import RedisError, connect, translated


def error_of(url: str) -> RedisError:
    client = connect(url, timeout_seconds=2)
    with pytest.raises(RedisError) as caught, translated(url), client:
        client.set("a", "b")
    return caught.value


@pytest.fixture
def server(any_redis_server):
    return any_redis_server()


def test_a_server_that_is_away_has_to_be_started(free_port: Callable[[], int]) -> None:
    assert advice(error_of(f"redis://127.0.0.1:{free_port()}")) == ""


def test_a_wrong_password(server) -> None:
    error = error_of(server.url.replace("redis://", "redis://nobody:wrong@"))
    assert "user and password" in advice(error)


def test_a_user_who_may_not(server) -> None:
    with Redis(port=server.port) as admin:
        admin.acl_setuser("poor", enabled=True, passwords=["+x"], keys=["*"], commands=["+get"])
    assert "grant it" in advice(error_of(server.url.replace("redis://", "redis://poor:x@")))


def test_too_many_clients(server) -> None:
    with Redis(port=server.port) as admin:
        admin.config_set("maxclients", 1)
        assert "maxclients" in advice(error_of(server.url))


def test_a_replica_and_a_master_without_its_own(server, any_redis_server) -> None:
    with Redis(port=server.port) as admin:
        admin.config_set("min-replicas-to-write", 1)
        assert "min-replicas-to-write" in advice(error_of(server.url))
        admin.replicaof("127.0.0.1", any_redis_server().port)
        assert "promote" in advice(error_of(server.url))


def test_a_full_server(server) -> None:
    with Redis(port=server.port) as admin:
        admin.config_set("maxmemory", 1)
        assert "more memory" in advice(error_of(server.url))


def test_tls_where_none_is_spoken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_one() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(1024)
                client.sendall(b"-ERR unknown command\r\n")

        serving = threading.Thread(target=answer_one)
        serving.start()
        error = error_of(f"rediss://127.0.0.1:{listener.getsockname()[1]}")
        serving.join()
    assert "rediss://" in advice(error)


def test_a_certificate_of_nobody_we_know(tmp_path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *(shutil.which("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes"),
            *("-days", "2", "-subj", "/CN=127.0.0.1", "-keyout", str(key)),
            *("-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse_one() -> None:
            client, _ = listener.accept()
            with pytest.raises(ssl.SSLError), client:
                context.wrap_socket(client, server_side=True)

        serving = threading.Thread(target=refuse_one)
        serving.start()
        error = error_of(f"rediss://127.0.0.1:{listener.getsockname()[1]}")
        serving.join()
    assert "ssl_ca_certs" in advice(error)


def test_a_name_that_nobody_knows() -> None:
    assert "name" in advice(error_of("redis://no-such-host.invalid"))
