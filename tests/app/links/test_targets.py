import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.http.urls import InvalidUrl
from app.links.targets import MAX_BYTES, check_target, is_same

OWN = ("go.example.com", "127.0.0.1:8080", "[2001:db8::5]:443", "bücher.example")


def reason(url: str, *, allow_private: bool = True) -> str:
    with pytest.raises(InvalidUrl) as refused:
        check_target(url, OWN, allow_private=allow_private)
    assert refused.value.detail
    return refused.value.reason


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "ftp://h/", "mailto:a"])
def test_other_schemes_are_refused(url: str) -> None:
    assert reason(url) == "scheme"


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x85", "\x9f"])
@pytest.mark.parametrize("place", ["https://a{}.b/", "https://a.b/x{}y", "https://a.b/?{}#"])
def test_control_characters_are_refused_everywhere(character: str, place: str) -> None:
    assert reason(place.format(character)) == "control_character"


@pytest.mark.parametrize("url", ["https://a.b/x\ny", " https://a.b/xy\r\n", "\n\thttps://a.b/x\ty"])
def test_line_breaks_of_copying_are_no_control_characters(url: str) -> None:
    assert check_target(url, OWN) == "https://a.b/xy"


@pytest.mark.parametrize(
    "url",
    ["https://bank.example@evil.example/", "https://a:b@c.d", "http://@h", "https:\\\\u@h\\x"],
)
def test_a_user_before_the_host_is_refused(url: str) -> None:
    assert reason(url) == "userinfo"


def test_an_at_behind_the_host_is_no_user() -> None:
    assert check_target("https://example.com/@me?mail=a@b.c", OWN)


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
        "http://2130706433:8080/",
        "http://127.1:8080/",
        "https://go.exa\nmple.com\\x",
        "https:go.example.com",
        "https://%67o.example.com/",
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
     "nas", "nas.local", "db.internal.", "[::ffff:a00:1]", "[64:ff9b::a00:1]",
     "[2002:a00:1::1]", "[2002:808:808::1]", "[64:ff9b:1::808:808]", "[2001:20::1]", "192.0.0.8",
     "192.0.0.9"],
)  # fmt: skip
def test_private_networks_are_refused_where_the_operator_says_so(host: str) -> None:
    assert reason(f"http://{host}/", allow_private=False) == "private"
    assert check_target(f"http://{host}/", OWN) == f"http://{host}/"


@pytest.mark.parametrize("host", ["0x0a010203", "10.66051", "[::ffff:10.0.0.1]", "０ｘ７ｆ.1"])
def test_no_spelling_of_a_private_address_hides_it(host: str) -> None:
    assert reason(f"http://{host}/", allow_private=False) == "private"


def test_public_hosts_are_not_private() -> None:
    for url in ("https://example.com/", "http://8.8.8.8/", "http://[2606:4700::1]/"):
        assert check_target(url, OWN, allow_private=False) == url


def test_the_length_is_limited_after_encoding() -> None:
    start = "https://example.com/"
    assert check_target(start + "a" * (MAX_BYTES - len(start)), OWN)
    assert reason(start + "a" * (MAX_BYTES - len(start) + 1)) == "too_long"
    assert reason(start + "ü" * (MAX_BYTES // 6 + 1)) == "too_long"
    assert reason(start + " " * MAX_BYTES) == "too_long"


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
    except InvalidUrl:
        return
    assert all("!" <= character <= "~" for character in sound)
    assert sound.startswith(("http://", "https://"))
    assert len(sound) <= MAX_BYTES
    assert check_target(sound, OWN) == sound


def test_a_target_stored_in_another_spelling_is_the_same() -> None:
    assert is_same("https://Example.com", "https://example.com/")
    assert not is_same("https://example.com/a", "https://example.com/")
    assert not is_same("", "https://example.com/")
