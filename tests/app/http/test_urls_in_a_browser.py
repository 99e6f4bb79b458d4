"""Targets are what a browser would ask for, or refused under a name of ours."""

from collections import Counter
from random import Random
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import sync_playwright

from app.http.urls import InvalidUrl, trim
from app.links.targets import check_target

_URLS = 200_000
_AT_ONCE = 10_000
_SCHEMES = ("http", "https", "HTTPS", "Http")
_SLASHES = ("://", "://", "://", ":", ":\\\\", ":///", ":/", ":/\\")
_HOSTS = (
    "example.com",
    *("EXAMPLE.com.", "a_b.de", "my--shop---x.de", "i❤.ws", "bücher.example", "faß.de", "a b.de"),
    *("日本語。jp", "xn--bcher-kva.de", "1.2.3", "0x7f.1", "2130706433", "017.0.0.1", "256.1.1.1"),
    *("[::1]", "[2001:db8::5]", "[::ffff:1.2.3.4]", "[::1", "a..b", "-a.de", "a-.de", "", "@h.de"),
    *(
        "ex%61mple.com",
        "%zz.de",
        "a%2fb.de",
        "😃.ws",
        "ｅｘａｍｐｌｅ.com",
        "user@h.de",
        "u:p@h.de",
    ),
    *(
        "xn--a.de",
        "xn--\u0301.de",
        "İstanbul.tr",
        "ﬀ.de",
        "א.example",
        "ａ＠ｂ.de",
        "٣.de",
        "1٣.de",
    ),
    *("a,b.de", "a~b.de", "a|b.de", "a<b.de", "localhost", "١.٢.٣.٤", "a" * 64 + ".de"),
    *("xn--h28h.ws", "XN--BCHER-KVA.de", "ⓔⓧ.com", "a\u2024b.de", "☃.net", "ß.de", "ς.gr", "𝒽.de"),
    *("0x", "1.2.3.4.", "0300.1", "a%2eb", "%41.com", "a%00b", "a%3ab", "[::1]x", "[::%31]"),
    *("0xffffffff", "4294967296", "1.65536", "xn--", "xn---", "a.xn--zzzz", "\u200c.de"),
    *("क्\u200dष.in", "ك.example", "١.example", "1.example.א", "_.a", "*.a.de", "a+b.de", "a;b"),
    *("a'b", "a`b", "a{b", 'a"b', "a^b", "a\x7fb", "a\x80b", "[1:2:3:4:5:6:7:8]"),
    *("a\u00adb.de", "a\u200db.de", "a\u200cb.de"),
)
_PORTS = ("", "", "", ":", ":80", ":443", ":8080", ":0", ":65535", ":65536", ":08", ":x", ":１")
_PIECES = (
    *"ab/.?#%\\|^`{}<>\"' \t\n\r;:@&=+$,!~*()[]-_é日😀\u200b\u00a0\u3000\u0301\x7f\x01\x85",
    *("%2e", "%2E%2e", "..", "./", "%zz", "%41", "//", "?a=b", "#f"),
)
_BEFORE = ("", "", " ", "\n", "\ufeff", "\u00a0", "\u200b ")
_BEHIND = ("", "", " ", "\r\n", "\u200e")
#: What stands for itself in a Location header; the rest of a browser's URL is encoded there.
_KEPT = "!#$%&'()*+,-./:;=?@[]_~"
_READ = """urls => urls.map(url => {
    try { return new URL(url).href } catch (error) { return null }
})"""


def _url(random: Random) -> str:
    host = random.choice(_HOSTS) if random.random() < 0.6 else _HOSTS[0]
    if random.random() < 0.2:
        at = random.randrange(len(host) + 1)
        host = host[:at] + random.choice(_PIECES) + host[at:]
    rest = "".join(random.choices(_PIECES, k=random.randrange(10)))
    slash = "/" if random.random() < 0.7 else ""
    start = random.choice(_BEFORE) + random.choice(_SCHEMES) + random.choice(_SLASHES)
    return f"{start}{host}{random.choice(_PORTS)}{slash}{rest}{random.choice(_BEHIND)}"


def _ours(url: str) -> tuple[str | None, str]:
    try:
        return check_target(url, ()), ""
    except InvalidUrl as error:
        return None, error.reason


def _is_policy(url: str, href: str, reason: str) -> bool:
    """Tell whether a URL that a browser takes is refused for a reason that we name."""
    if reason == "bad_port":
        return urlsplit(href).port == 0
    if reason == "bad_host":
        host = (urlsplit(href).hostname or "").removesuffix(".")
        labels = host.split(".")
        return not all(
            0 < len(label) < 64 and label.replace("-", "").replace("_", "").isalnum()
            for label in labels
        )
    return reason in ("control_character", "userinfo", "too_long")


@pytest.mark.timeout(300)
def test_targets_are_what_a_browser_would_ask_for(chromium: str) -> None:
    random, seen = Random(15), Counter[str]()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        for _ in range(_URLS // _AT_ONCE):
            urls = [_url(random) for _ in range(_AT_ONCE)]
            for url, href in zip(urls, page.evaluate(_READ, list(map(trim, urls))), strict=True):
                ours, reason = _ours(url)
                seen[reason] += 1
                if ours is None and href is not None:
                    assert _is_policy(url, href, reason), (url, href, reason)
                else:
                    assert ours == (href and quote(href, safe=_KEPT)), url
        browser.close()
    assert seen[""] > _URLS / 4
