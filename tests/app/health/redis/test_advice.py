import socket
import ssl
import threading
from collections.abc import Callable

import pytest
import redis
from redis import Redis
from redis._parsers.base import BaseParser

from app.health.redis.advice import advice
from app.stores.redis.client import connect
from app.stores.redis.errors import RedisError, translated
from tests.support.certificates import self_signed
from tests.support.sentinels import MASTER


def error_of(url: str, timeout_seconds: float = 30) -> RedisError:
    client = connect(url, timeout_seconds=timeout_seconds)
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
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path, "localhost"))
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


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("NOAUTH Authentication required.", "user and password"),
        ("WRONGPASS invalid username-password pair or user is disabled.", "user and password"),
        ("ERR invalid password", "user and password"),
        ("ERR AUTH <password> called without any password configured", "Redis has none"),
        ("ERR Client sent AUTH, but no password is set", "Redis has none"),
        ("NOPERM User poor has no permissions to run the 'xadd' command", "grant it"),
        ("NOPERM No permissions to access a key", "grant it"),
        ("NOPERM No permissions to access a channel", "grant it"),
        ("ERR ACL failure in script: User poor has no permissions to run the 'x'", "grant it"),
        ("DENIED Redis is running in protected mode because", "give Redis a password"),
        ("ERR max number of clients reached", "maxclients"),
        ("LOADING Redis is loading the dataset in memory", "wait until"),
        ("Redis at h:6379 is loading its data", "wait until"),
        ("READONLY You can't write against a read only replica.", "master"),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is", "master"),
        ("NOREPLICAS Not enough good replicas to write.", "min-replicas-to-write"),
        ("OOM command not allowed when used memory > 'maxmemory'.", "more memory"),
        ("MISCONF Errors writing to the AOF file: No space left on device", "Redis' disk"),
        ("MISCONF Redis is configured to save RDB snapshots, but it's", "Redis' disk"),
        ("BUSY Redis is busy running a script. You can only call SCRIPT KILL", "SCRIPT KILL"),
        ("CLUSTERDOWN Hash slot not served", "bring the primary back"),
        ("MOVED 3999 127.0.0.1:6381", "it is a node of a cluster"),
        ("ASK 3999 127.0.0.1:6381", "it is a node of a cluster"),
        ("CROSSSLOT Keys in request don't hash to the same slot", "it is a node of a cluster"),
        ("TRYAGAIN Multiple keys request during rehashing of slot", "wait until the slot is moved"),
        ("ERR SELECT is not allowed in cluster mode", "it is a node of a cluster"),
        ("ERR DB index is out of range", "/0"),
        ("ERR invalid DB index", "/0"),
        ("ERR unknown command 'XADD', with args beginning with: ", "rename-command"),
        ("ERR Unknown Redis command called from script", "rename-command"),
        ("NOPROTO unsupported protocol version", "7.0"),
        (
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "database of its own",
        ),
        ("NOGROUP No such key 'clicks:stream' or consumer group", "start the workers"),
        ("ERR no such key", "start the workers"),
        ("UNBLOCKED the stream key no longer exists", "hopline audit"),
        ("ERR Protocol error: invalid bulk length", "where Redis is"),
        ("EXECABORT Transaction discarded because of previous errors.", "Redis' log"),
        ("ERR something that a later version says", "Redis' log"),
        ("INPROG Failover in progress.", "Redis' log"),
    ],
)
def test_every_reply_of_redis_has_its_own_advice(reply: str, words: str) -> None:
    with pytest.raises(RedisError) as caught, translated("redis://h"):
        raise BaseParser.parse_error(reply)
    assert words in advice(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Error 111 connecting to h:6379. Connection refused.", ""),
        ("Connection closed by server.", ""),
        ("Error 113 connecting to h:6379. No route to host.", "network"),
        ("Error 101 connecting to h:6379. Network is unreachable.", "network"),
        ("Error 13 connecting to /run/r.sock. Permission denied.", "unixsocketperm"),
        ("Error 2 connecting to /run/r.sock. No such file or directory.", "start it"),
        ("Error -2 connecting to h:6379. Name or service not known.", "a name that leads"),
        ("Error -3 connecting to h:6379. Temporary failure in name resolution.", "looked up"),
        ("Error -5 connecting to h:6379. No address associated with hostname.", "a name that"),
        ("Error 1 connecting to h:6379. [SSL: WRONG_VERSION_NUMBER] wrong version", "rediss://"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate has expired (_ssl.c:992)", "renew"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate is not yet valid", "clock"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] Hostname mismatch, certificate is not valid", "name in"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] IP address mismatch, certificate is not", "name in"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate", "ssl_ca_certs"),
        ("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert", "tls-auth-clients"),
        ("Timeout reading from socket", "CLIENT UNPAUSE"),
        ("Timeout connecting to server", "cut off"),
    ],
)
def test_every_way_not_to_reach_redis_has_its_own_advice(text: str, words: str) -> None:
    with pytest.raises(RedisError) as caught, translated("redis://h"):
        raise redis.ConnectionError(text)
    found = advice(caught.value)
    assert words in found
    assert bool(found) is bool(words)


def test_a_paused_server_is_said_to_be_paused(server) -> None:
    with Redis(port=server.port) as admin:
        admin.execute_command("CLIENT PAUSE", 600_000, "WRITE")
        assert "CLIENT UNPAUSE" in advice(error_of(server.url, timeout_seconds=3))
        admin.execute_command("CLIENT UNPAUSE")


def test_a_database_that_there_is_none_of_and_a_foreign_key(server) -> None:
    assert "/0" in advice(error_of(f"{server.url.removesuffix('/0')}/99"))
    with Redis(port=server.port) as admin:
        admin.lpush("a", "b")
        with pytest.raises(RedisError) as caught, translated(server.url):
            admin.xlen("a")
    assert "database of its own" in advice(caught.value)


def test_sentinels_without_a_majority(watched) -> None:
    for sentinel in watched.sentinels[1:]:
        sentinel.kill()
    assert "majority of the Sentinels" in advice(error_of(watched.url))


def test_whom_sentinels_name_before_it_is_the_master(watched) -> None:
    for sentinel in watched.sentinels:
        with Redis(port=sentinel.port) as operator:
            operator.sentinel_remove(MASTER)
            operator.sentinel_monitor(MASTER, "127.0.0.1", watched.stores[1].port, 3)
    assert "wait" in advice(error_of(watched.url))
