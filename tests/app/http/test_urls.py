import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.urls import InvalidUrl, canonical, read_host, read_url, trim


def reason(url: str) -> str:
    with pytest.raises(InvalidUrl) as refused:
        read_url(url)
    assert refused.value.detail
    return refused.value.reason


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a?b=c",
        "https://example.com/?q=1&q=2",
        "https://example.com/#part",
        "http://example.com:8080/%7Euser/a%2Fb?x=%20+y&z[]=1;2#a/b?c",
        "https://example.com./",
        "https://sub_domain.example.com/",
        "https://a---b.example/",
        "https://xn--bcher-kva.de/",
        "http://93.184.216.34/",
        "http://[2606:2800:220:1::1]:81/",
        "https://example.com/100%",
        "https://example.com//a/b",
        "https://example.com/:@!$&'()*+,;=-._~",
    ],
)
def test_a_url_in_its_normal_form_keeps_every_byte(url: str) -> None:
    assert read_url(url).href == url


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTPS://Example.COM/Path", "https://example.com/Path"),
        ("https://example.com", "https://example.com/"),
        ("https://example.com?q", "https://example.com/?q"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com:/a", "https://example.com/a"),
        ("http://example.com:00080/", "http://example.com/"),
        ("https://example.com/a\\b", "https://example.com/a/b"),
        ("https:\\\\example.com\\b", "https://example.com/b"),
        ("https:example.com", "https://example.com/"),
        ("https:///example.com", "https://example.com/"),
        ("https://example.com/a/../b/./c", "https://example.com/b/c"),
        ("https://example.com/%2e%2E/b", "https://example.com/b"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/ü?q=ñ#é", "https://example.com/%C3%BC?q=%C3%B1#%C3%A9"),
        ('https://example.com/<"{}|^`>', "https://example.com/%3C%22%7B%7D%7C%5E%60%3E"),
        ("https://example.com/?<|>^`{}", "https://example.com/?%3C%7C%3E%5E%60%7B%7D"),
        ("https://example.com/😀", "https://example.com/%F0%9F%98%80"),
        ("https://bücher.de/ä", "https://xn--bcher-kva.de/%C3%A4"),
        ("https://my_shop.bücher.example/", "https://my_shop.xn--bcher-kva.example/"),
        ("https://i❤.ws/", "https://xn--i-7iq.ws/"),
        ("https://😃.ws", "https://xn--h28h.ws/"),
        ("https://☃.example/", "https://xn--n3h.example/"),
        ("https://FAß.de", "https://xn--fa-hia.de/"),
        ("https://ｅｘａｍｐｌｅ。com", "https://example.com/"),
        ("https://ex\u00adample.com/", "https://example.com/"),
        ("https://ex%61mple.com/", "https://example.com/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://[2001:DB8:0:0::5]/", "http://[2001:db8::5]/"),
        ("  https://example.com/ ", "https://example.com/"),
        ("https://example.com/\r\n", "https://example.com/"),
        ("https://exam\nple.com/a\tb", "https://example.com/ab"),
        ("\u200e https://example.com/\u200b", "https://example.com/"),
        ("\ufeffhttps://example.com/\u00a0", "https://example.com/"),
    ],
)
def test_what_people_paste_is_written_as_browsers_send_it(url: str, normal: str) -> None:
    assert read_url(url).href == normal


@pytest.mark.parametrize(
    "url",
    ["", "/path", "//example.com", "example.com", "?a=b", "java script:", "example.com:8080/a"],
)
def test_relative_urls_are_told_from_others(url: str) -> None:
    assert reason(url) == "relative"


@pytest.mark.parametrize("mark", ["<", '"', "(", "«", "“", "- ", "* "])
def test_of_a_url_with_something_before_it_that_is_said(mark: str) -> None:
    with pytest.raises(InvalidUrl, match=re.escape(f"it begins with {mark[0]}")) as refused:
        read_url(f"{mark}https://example.com/")
    assert refused.value.reason == "relative"


@pytest.mark.parametrize("url", ["http://", "http://?q", "http://:80/", "https:", "https:////?"])
def test_a_url_without_a_host_is_refused(url: str) -> None:
    assert reason(url) == "no_host"


def test_bytes_that_were_no_utf_8_are_refused() -> None:
    assert reason("https://example.com/\udcff") == "not_text"


@pytest.mark.parametrize("port", ["0", "65536", "99999999", "x", "8o", "-1", "１"])
def test_ports_from_1_to_65535_alone_will_do(port: str) -> None:
    assert reason(f"http://example.com:{port}/") == "bad_port"


@pytest.mark.parametrize(
    "host",
    [
        "a..b",
        ".example.com",
        "a b",
        "%zz.example",
        "1.2.3.4.5",
        "256.1.1.1",
        "[::g]",
        "[1.2.3.4]",
        "[fe80::1%25eth0]",
        "[::1",
        "a" * 64,
        f"{'a.' * 130}com",
        "a,b.example",
        "a＠b.example",
        "a:80:80",
        "xn--\u0301",
        "א.example-",
    ],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    assert reason(f"http://{host}/") == "bad_host"


def test_its_parts_are_told() -> None:
    read = read_url("http://u:p@EXAMPLE.com/x?y")
    assert (read.scheme, read.host, read.port, read.has_user) == ("http", "example.com", 80, True)
    assert not read_url("https://example.com/@x").has_user


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("Go.Example.com", "go.example.com", None),
        ("go.example.com:80", "go.example.com", 80),
        ("127.0.0.1:8080", "127.0.0.1", 8080),
        ("[2001:db8::5]:443", "[2001:db8::5]", 443),
        ("2001:db8::5", "[2001:db8::5]", None),
        ("😃.ws", "xn--h28h.ws", None),
    ],
)
def test_hosts_are_read_as_those_of_urls(text: str, host: str, port: int | None) -> None:
    assert read_host(text) == (host, port)


@pytest.mark.parametrize("text", ["", "a/b", "a b", "a..b", "u@h", "h:0", "h:x", "https://h"])
def test_what_is_more_than_a_host_is_refused(text: str) -> None:
    with pytest.raises(InvalidUrl):
        read_host(text)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "0.0.0.0", "localhost.", "[::ffff:7f00:1]"])
def test_the_loopback_names_are_one_host(host: str) -> None:
    assert canonical(host) == "localhost"


@given(st.text())
def test_a_trimmed_url_is_trimmed(text: str) -> None:
    assert trim(trim(text)) == trim(text)
