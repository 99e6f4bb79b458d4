"""Redis and its Sentinel behind TLS, by name, as the redirect and everybody else reach them."""

from contextlib import closing

import pytest

from app.redirect.redis import locator as locator_module
from app.redirect.redis.connection import ConnectFailed, connect
from app.redirect.redis.locator import Locator
from app.redirect.redis.resp import encode_command
from app.stores.redis import asking, polling
from app.stores.redis import client as blocking
from app.stores.redis.address import parse_url
from app.stores.redis.errors import RedisUnavailable, translated
from tests.support.certificates import self_signed
from tests.support.redirect.pipelines import make_pipeline
from tests.support.sentinels import MASTER
from tests.support.tls_servers import HOST, tls_server

SECRET = "of-sentinels"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("certificate"), HOST)


@pytest.fixture(scope="module")
def master(tmp_path_factory, certificate):
    with tls_server(tmp_path_factory.mktemp("master"), *certificate) as started:
        yield started


@pytest.fixture(scope="module")
def sentinel(tmp_path_factory, certificate, master):
    lines = (
        f"requirepass {SECRET}",
        "sentinel resolve-hostnames yes",
        "sentinel announce-hostnames yes",
        f"sentinel monitor {MASTER} {HOST} {master.port} 1",
    )
    folder = tmp_path_factory.mktemp("sentinel")
    with tls_server(folder, *certificate, *lines, mode=("--sentinel",)) as started:
        yield started


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A Sentinel's handshake takes longer on a busy machine than another is waited for."""
    for module in (polling, asking, locator_module):
        monkeypatch.setattr(module, "ASK_SECONDS", 30)


@pytest.fixture
def plain_url(master, certificate):
    return f"rediss://{HOST}:{master.port}/0?ssl_ca_certs={certificate[0]}"


@pytest.fixture
def sentinel_url(sentinel, certificate):
    query = f"sentinel_password={SECRET}&ssl_ca_certs={certificate[0]}"
    return f"rediss+sentinel://{HOST}:{sentinel.port}/{MASTER}/0?{query}"


@pytest.mark.parametrize("kind", ["plain_url", "sentinel_url"])
def test_commands_are_carried_out(kind, request):
    url = request.getfixturevalue(kind)
    with closing(Locator(parse_url(url))) as locator:
        pipeline = make_pipeline(locator)
        pipeline.start()
        assert pipeline.connected.wait(60)
        # More than one TLS record, which no watcher of the socket reports again.
        big = b"x" * 300_000
        assert pipeline.call(encode_command(b"SET", b"big", big), 60) == b"OK"
        assert pipeline.call(encode_command(b"GET", b"big"), 60) == big
        pipeline.close(1)
    with blocking.connect(url, timeout_seconds=30) as client, translated(url):
        assert client.get("big") == big


@pytest.mark.parametrize("kind", ["plain_url", "sentinel_url"])
def test_a_certificate_that_nobody_vouches_for_is_refused(kind, request):
    url = request.getfixturevalue(kind).partition("ssl_ca_certs=")[0]
    address = parse_url(url)
    with closing(Locator(address)) as locator, pytest.raises(ConnectFailed, match="CERTIFICATE"):
        connect(locator(), name="test", timeout_seconds=30)
    with (
        blocking.connect(url, timeout_seconds=30) as client,
        pytest.raises(RedisUnavailable, match="CERTIFICATE"),
        translated(url),
    ):
        client.ping()


def test_sentinels_ask_for_a_password_of_their_own(sentinel_url):
    url = sentinel_url.replace(SECRET, "wrong")
    with closing(Locator(parse_url(url))) as locator, pytest.raises(ConnectFailed) as failed:
        locator()
    assert "WRONGPASS" in str(failed.value)
    with (
        blocking.connect(url, timeout_seconds=30) as client,
        pytest.raises(RedisUnavailable, match="invalid username-password pair"),
        translated(url),
    ):
        client.ping()
