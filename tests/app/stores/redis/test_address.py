import pytest

from app.stores.redis.address import Address, Sentinels, named, parse_url

URL = "redis://user:geheim@db.example:7000/2"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://", Address()),
        ("redis://h", Address("h")),
        ("redis://h:7000/3", Address("h", 7000, database=3)),
        ("redis://h:7000/?db=4", Address("h", 7000, database=4)),
        ("redis://[::1]:7000", Address("::1", 7000)),
        ("redis://me:s%40cret%2F@h", Address("h", username="me", password="s@cret/")),
        ("redis://:secret@h/0", Address("h", password="secret")),
        ("rediss://h", Address("h", tls=True)),
        ("rediss://h?ssl_ca_certs=/etc/ca.pem", Address("h", tls=True, ca_file="/etc/ca.pem")),
        ("unix:///run/redis.sock", Address(path="/run/redis.sock")),
        ("unix:///run/my%20redis.sock?db=2", Address(path="/run/my redis.sock", database=2)),
        ("unix://me:pw@/run/x", Address(path="/run/x", username="me", password="pw")),
        (
            "redis+sentinel://me:s%40cret@a:26380,[::1]:26381,[::2],c/mymaster/3",
            Address(
                host="",
                username="me",
                password="s@cret",
                database=3,
                sentinels=Sentinels(
                    (("a", 26380), ("::1", 26381), ("::2", 26379), ("c", 26379)), "mymaster"
                ),
            ),
        ),
        (
            "rediss+sentinel://a/m?sentinel_username=w&sentinel_password=x%26y+z&ssl_ca_certs=/c+a",
            Address(
                host="",
                tls=True,
                ca_file="/c+a",
                sentinels=Sentinels((("a", 26379),), "m", "w", "x&y+z"),
            ),
        ),
        (
            "redis+cluster://me:s%40cret@a:7000,[::1]:7001,[::2],c",
            Address(
                host="",
                username="me",
                password="s@cret",
                seeds=(("a", 7000), ("::1", 7001), ("::2", 6379), ("c", 6379)),
            ),
        ),
        (
            "rediss+cluster://a/0?ssl_ca_certs=/c+a",
            Address(host="", tls=True, ca_file="/c+a", seeds=(("a", 6379),)),
        ),
    ],
)
def test_a_url_names_an_address(url: str, address: Address) -> None:
    assert parse_url(url) == address


@pytest.mark.parametrize("url", ["redis://h:port", "redis://h:99999", "redis://h/first"])
def test_a_url_without_a_sound_port_or_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whose words these are doesn't matter
        parse_url(url)


def test_an_address_reads_without_its_password() -> None:
    assert str(parse_url(URL)) == "db.example:7000"
    assert str(parse_url("unix://u:geheim@/run/redis.sock")) == "/run/redis.sock"
    sentinel = parse_url("redis+sentinel://u:geheim@a,b,c/mymaster?sentinel_password=geheim")
    assert str(sentinel) == "mymaster"
    assert str(sentinel.at(("10.0.0.2", 6379))) == "mymaster (10.0.0.2:6379)"
    assert named(sentinel, ("10.0.0.2", 6379)) == "mymaster (10.0.0.2:6379)"
    cluster = parse_url("redis+cluster://u:geheim@a,b:7000")
    assert str(cluster) == "the cluster of a:6379"
    assert named(cluster, ("10.0.0.2", 6379)) == "the cluster of a:6379 (10.0.0.2:6379)"
