import signal
from pathlib import Path

from gevent import socket, ssl
from gevent.server import StreamServer
from redis import Redis

from app.redirect.redis.resp import encode_command
from app.stores.redis.address import Address, parse_url
from tests.support.certificates import self_signed
from tests.support.redirect.echo_server import EchoServer, ask, assert_own_or_broken
from tests.support.redirect.pipelines import make_pipeline
from tests.support.redirect.waiting import wait_until


def test_it_comes_back_after_a_killed_server_and_tells_of_the_new_one(any_redis_server):
    server = any_redis_server()
    told: list[bool] = []
    pipeline = make_pipeline(lambda: parse_url(server.url))
    pipeline.on_new_server.append(lambda: told.append(pipeline.connected.is_set()))
    pipeline.start()
    assert pipeline.connected.wait(60)
    server.kill()
    wait_until(lambda: not pipeline.connected.is_set())
    assert told == []
    server.start()
    assert pipeline.connected.wait(60)
    assert told == [False]
    assert pipeline.call(encode_command(b"PING"), 2) == b"PONG"
    pipeline.close(0)


def test_a_server_that_was_promoted_since_counts_as_another(any_redis_server):
    first, second = any_redis_server(), any_redis_server()
    told: list[int] = []
    pipeline = make_pipeline(lambda: parse_url(second.url))
    pipeline.on_new_server.append(lambda: told.append(1))
    with Redis(port=second.port) as admin:
        pipeline.start()
        assert pipeline.connected.wait(60)
        admin.replicaof("127.0.0.1", first.port)
        wait_until(lambda: admin.info("replication")["master_link_status"] == "up")
        admin.replicaof("NO", "ONE")
        admin.client_kill_filter(_type="normal", skipme=True)
    wait_until(lambda: told)
    pipeline.close(0)


def test_whoever_answers_after_it_was_told_to_reconnect_counts_as_another(redis_url):
    told: list[int] = []
    pipeline = make_pipeline(lambda: parse_url(redis_url))
    pipeline.on_new_server.append(lambda: told.append(1))
    pipeline.start()
    assert pipeline.connected.wait(60)
    pipeline.reconnect("because")
    assert not pipeline.connected.is_set()
    assert pipeline.connected.wait(60)
    assert told == [1]
    pipeline.close(0)


def test_a_frozen_server_is_left_and_found_again(valkey_server):
    server = valkey_server()
    pipeline = make_pipeline(lambda: parse_url(server.url), timeout_seconds=0.3)
    pipeline.start()
    assert pipeline.connected.wait(60)
    server.signal(signal.SIGSTOP)
    # Nobody asks for anything: the pipeline's own sign of life finds out.
    wait_until(lambda: not pipeline.connected.is_set())
    server.signal(signal.SIGCONT)
    assert pipeline.connected.wait(60)
    pipeline.close(0)


def test_it_logs_in_as_an_acl_user_and_selects_the_database(any_redis_server):
    server = any_redis_server()
    with Redis(port=server.port) as admin:
        admin.acl_setuser(
            "clicks",
            enabled=True,
            passwords=["+s p@ce"],
            keys=["*"],
            commands=["+get", "+set", "+select"],
        )
    url = f"redis://clicks:s%20p%40ce@127.0.0.1:{server.port}/3"
    pipeline = make_pipeline(lambda: parse_url(url))
    pipeline.start()
    assert pipeline.connected.wait(60)
    pipeline.call(encode_command(b"SET", b"key", b"value"), 2)
    pipeline.close(0)
    with Redis(port=server.port, db=3) as other:
        assert other.get("key") == b"value"


def test_a_wrong_password_is_said_and_tried_again(redis_url, caplog):
    wrong = redis_url.replace("redis://", "redis://nobody:wrong@")
    pipeline = make_pipeline(lambda: parse_url(wrong))
    pipeline.start()
    wait_until(lambda: "WRONGPASS" in caplog.text)
    assert not pipeline.connected.is_set()
    pipeline.close(0)


def test_it_speaks_over_a_unix_socket(tmp_path):
    listener = _listen_unix(tmp_path / "redis.sock")
    server = StreamServer(listener, EchoServer().serve)
    server.start()
    url = f"unix://{tmp_path}/redis.sock"
    pipeline = make_pipeline(lambda: parse_url(url))
    pipeline.start()
    assert pipeline.connected.wait(60)
    assert ask(pipeline, 3) == [[b"0"], [b"1"], [b"2"]]
    pipeline.close(0)
    server.stop()


def _listen_unix(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(8)
    return listener


def test_it_speaks_tls_and_checks_the_certificate(tmp_path, caplog):
    certificate, key = self_signed(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = StreamServer(("127.0.0.1", 0), EchoServer([1, 2, 3]).serve, ssl_context=context)
    server.start()
    at = Address(host="localhost", port=server.server_port, tls=True, ca_file=str(certificate))
    trusting = make_pipeline(lambda: at)
    trusting.start()
    assert trusting.connected.wait(60)
    large = b"x" * 300_000
    assert trusting.call(encode_command(b"ECHO", large), 5) == large
    assert_own_or_broken(ask(trusting, 20))
    trusting.close(0)

    wary = make_pipeline(
        lambda: Address(host="localhost", port=server.server_port, tls=True),
        name="test",
        timeout_seconds=2,
    )
    wary.start()
    wait_until(lambda: "certificate" in caplog.text)
    wary.close(0)
    server.stop()
