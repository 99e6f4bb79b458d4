import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.targets import MAX_BYTES, InvalidTarget, check_target

OWN = ("go.example.com", "127.0.0.1:8080", "[2001:db8::5]:443", "bücher.example")


def reason(url: str, *, allow_private: bool = True) -> str:
    with pytest.raises(InvalidTarget) as refused:
        check_target(url, OWN, allow_private=allow_private)
    assert refused.value.detail
    return refused.value.reason


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a?b=c",
        "https://example.com",
        "https://example.com?q=1&q=2",
        "https://example.com#part",
        "http://example.com:8080/%7Euser/a%2Fb?x=%20+y&z[]=1;2#a/b?c",
        "HTTPS://Example.COM/Path",
        "https://example.com./",
        "https://sub_domain.example.com/",
        "https://xn--bcher-kva.de/",
        "http://93.184.216.34/",
        "http://[2606:2800:220:1::1]:81/",
        "https://example.com/100%",
        "https://example.com//a/../b",
        "http://127.0.0.1:3000/intranet",
        "http://intranet/wiki",
    ],
)
def test_a_sound_url_keeps_every_byte(url: str) -> None:
    assert check_target(url, OWN) == url


@pytest.mark.parametrize(
    ("url", "sound"),
    [
        ("  https://example.com/ ", "https://example.com/"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/ü?q=ñ#é", "https://example.com/%C3%BC?q=%C3%B1#%C3%A9"),
        ('https://example.com/<"{}|\\^`>', "https://example.com/%3C%22%7B%7D%7C%5C%5E%60%3E"),
        ("https://bücher.de/ä", "https://xn--bcher-kva.de/%C3%A4"),
        ("https://FAß.de", "https://xn--fa-hia.de"),
        ("https://ｅｘａｍｐｌｅ。com", "https://example.com"),
        ("https://example.com/😀", "https://example.com/%F0%9F%98%80"),
    ],
)
def test_what_is_not_ascii_is_written_as_browsers_send_it(url: str, sound: str) -> None:
    assert check_target(url, OWN) == sound


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "ftp://h/", "mailto:a"])
def test_other_schemes_are_refused(url: str) -> None:
    assert reason(url) == "scheme"


@pytest.mark.parametrize(
    "url", ["", "/path", "//example.com", "example.com", "?a=b", "java script:"]
)
def test_relative_urls_are_refused(url: str) -> None:
    assert reason(url) == "relative"


@pytest.mark.parametrize(
    "url", ["http://", "https:///p", "http://?q", "https:example.com", "http://:80/"]
)
def test_a_url_without_a_host_is_refused(url: str) -> None:
    assert reason(url) == "no_host"


@pytest.mark.parametrize("character", ["\r", "\n", "\t", "\0", "\x1b", "\x7f", "\x85", "\x9f"])
@pytest.mark.parametrize(
    "place", ["{}https://a.b/", "https://a{}.b/", "https://a.b/x{}y", "https://a.b/{}"]
)
def test_control_characters_are_refused_everywhere(character: str, place: str) -> None:
    assert reason(place.format(character)) == "control_character"


def test_bytes_that_were_no_utf_8_are_refused() -> None:
    assert reason("https://example.com/\udcff") == "not_text"


@pytest.mark.parametrize(
    "url", ["https://bank.example@evil.example/", "https://a:b@c.d", "http://@h"]
)
def test_a_user_before_the_host_is_refused(url: str) -> None:
    assert reason(url) == "userinfo"


@pytest.mark.parametrize("port", ["", "0", "65536", "99999999", "x", "8o", "-1", "１", "80:80"])
def test_ports_from_1_to_65535_alone_will_do(port: str) -> None:
    assert reason(f"http://example.com:{port}/") == "bad_port"


@pytest.mark.parametrize(
    "host",
    [
        "a..b",
        ".example.com",
        "a b",
        "%65xample.com",
        "a\\b",
        "2130706433",
        "0x7f.1",
        "127.1",
        "1.2.3.4.5",
        "0177.0.0.1",
        "256.1.1.1",
        "[::g]",
        "[1.2.3.4]",
        "[fe80::1%25eth0]",
        "[::1",
        "a" * 64,
        f"{'a.' * 130}com",
        "☃.example",
        "a＠b.example",
        "xn--\u0301",
    ],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    assert reason(f"http://{host}/") == "bad_host"


@pytest.mark.parametrize(
    "url",
    [
        "https://go.example.com/x",
        "http://GO.Example.COM:9999/",
        "https://go.example.com./",
        "https://ｇｏ.example.com/",
        "http://127.0.0.1:8080/x",
        "http://localhost:8080/",
        "http://localhost.:8080/",
        "http://0.0.0.0:8080/",
        "http://[::1]:8080/",
        "http://[::ffff:127.0.0.1]:8080/",
        "https://[2001:db8:0::5]/",
        "http://xn--bcher-kva.example/",
    ],
)
def test_a_target_on_our_own_hosts_would_lead_in_a_circle(url: str) -> None:
    assert reason(url) == "loop"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8081/", "http://[2001:db8::5]/", "https://example.com/go.example.com"]
)
def test_another_port_or_a_path_that_names_our_host_is_no_circle(url: str) -> None:
    assert check_target(url, OWN) == url


@pytest.mark.parametrize(
    "host",
    ["10.1.2.3", "192.168.0.1", "127.0.0.1", "169.254.169.254", "[::1]", "[fd00::1]", "localhost",
     "nas", "nas.local", "db.internal.", "[::ffff:10.0.0.1]"],
)  # fmt: skip
def test_private_networks_are_refused_where_the_operator_says_so(host: str) -> None:
    assert reason(f"http://{host}/", allow_private=False) == "private"
    assert check_target(f"http://{host}/", OWN) == f"http://{host}/"


def test_public_hosts_are_not_private() -> None:
    for url in ("https://example.com/", "http://8.8.8.8/", "http://[2606:4700::1]/"):
        assert check_target(url, OWN, allow_private=False) == url


def test_the_length_is_limited_after_encoding() -> None:
    start = "https://example.com/"
    assert check_target(start + "a" * (MAX_BYTES - len(start)), OWN)
    assert reason(start + "a" * (MAX_BYTES - len(start) + 1)) == "too_long"
    assert reason(start + "ü" * (MAX_BYTES // 6 + 1)) == "too_long"


parts = st.text(st.sampled_from("ab.:/?#@[]%\\ \t\r\nüß0189-_xn😀\udc80&=+"))
urls = st.one_of(
    st.text(),
    st.builds("{}://{}{}".format, st.sampled_from(["http", "https", "HTTPS"]), parts, parts),
    st.builds("https://{}.example/{}".format, st.text(max_size=20), st.text()),
)


@given(urls)
@example("https://example.com/%")
@example("https://ß.example/\u2028")
def test_what_is_accepted_is_a_safe_header_value_and_checks_to_itself(url: str) -> None:
    try:
        sound = check_target(url, OWN)
    except InvalidTarget:
        return
    assert all("!" <= character <= "~" for character in sound)
    assert sound.lower().startswith(("http://", "https://"))
    assert len(sound) <= MAX_BYTES
    assert check_target(sound, OWN) == sound
