from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.masking import mask_url, show, show_refused


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://h:6379/0", "redis://h:6379/0"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("clickhouse://default@127.0.0.1:9000/hopline", None),
        ("redis://user:geheim@h:1/0", "redis://user:***@h:1/0"),
        ("redis://:geheim@h/0", "redis://:***@h/0"),
        ("clickhouse://u:geh,eim@a:1,b:2/db", "clickhouse://u:***@a:1,b:2/db"),
        ("redis://u:geh:eim@h", "redis://u:***@h"),
        ("redis://u:geh@eim@h", "redis://u:***@h"),
        ("unix:///run/redis.sock?password=geheim&db=1", "unix:///run/redis.sock?password=***&db=1"),
        ("clickhouse://h/db?pasword=geheim&pwd=12", "clickhouse://h/db?pasword=***&pwd=***"),
        ("clickhouse://h/db?connect_timeout=2.5&compression=lz4&max_threads=4", None),
        ("clickhouse://h/db?compression=geheim", "clickhouse://h/db?compression=***"),
        ("rediss://h/0?ssl_ca_certs=/etc/ca.pem", None),
        ("redis://h?Passwd=geheim&geheim", "redis://h?Passwd=***&***"),
        ("clickhouse://h/db?password=geheim&secure=1", "clickhouse://h/db?password=***&secure=1"),
    ],
)
def test_passwords_are_masked(url: str, masked: str | None) -> None:
    assert mask_url(url) == (masked or url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h/0", "http://h/0"),
        ("redis:h", "redis:h"),
        ("h:6379", "h:6379"),
        ("redis://h:99999/0", "redis://h:99999/0"),
        ("redis://h1:1,h2:2/0", "redis://***"),
        ("redis://[::1", "redis://[::1"),
        ("redis://h:seven/0", "redis://***"),
        ("redis://user:geheim/0", "redis://***"),
        ("redis://u:geh/ei#m?@h", "redis://***"),
        ("redis://[::1:geheim@h", "redis://***"),
        ("redis://h/0?password=geheim", "redis://***"),
        ("redis://:/geheim", "redis://***"),
        ("redis:u:geheim@h", "***"),
        ("u:geheim@h", "***"),
        ("geheim#@://h", "***"),
    ],
)
def test_of_a_url_too_broken_to_parse_only_what_is_no_secret_is_shown(url: str, shown: str) -> None:
    assert show_refused("redis_url", url) == shown


@given(st.text(min_size=1).filter(lambda text: not set(text) & set("@?")))
def test_no_password_survives_masking(password: str) -> None:
    assert mask_url(f"redis://user:{password}@host/0") == "redis://user:***@host/0"


def test_several_values_are_shown_as_their_variable_would_hold_them() -> None:
    assert show("trusted_proxies", ("127.0.0.1/32", "10.0.0.0/8")) == "127.0.0.1/32,10.0.0.0/8"
    assert show("geoip_path", (Path("/a.mmdb"), Path("/b.mmdb"))) == "/a.mmdb,/b.mmdb"
