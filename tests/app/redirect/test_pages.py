from html.parser import HTMLParser

import pytest

from app.links.link import Link
from app.redirect.pages import Pages

NASTY = 'https://a.example/?q="><script>alert(1)</script>&amp;'


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages()


def assert_safe(response) -> None:
    """Nothing can be loaded, run, sent or framed; what doesn't fall back on default-src is said."""
    headers = dict(response.headers)
    assert {one.strip() for one in headers["Content-Security-Policy"].split(";")} == {
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (Pages.home, 200),
        (Pages.not_found, 404),
        (Pages.unavailable, 503),
        (Pages.bad_method, 405),
        (Pages.unknown_method, 501),
        (Pages.bad_request, 400),
        (Pages.failed, 500),
        *((lambda pages, why=why: pages.gone(why), 410) for why in ("deleted", "disabled")),
        *((lambda pages, why=why: pages.gone(why), 410) for why in ("expired", "used_up")),
    ],
)
def test_every_page_is_self_contained_and_says_its_status(pages, make, status):
    response = make(pages)
    assert response.status == status
    assert_safe(response)
    tags = Tags()
    tags.feed(response.body.decode())
    names = {name for name, _ in tags.seen}
    assert "h1" in names
    assert not names & {"script", "img", "link", "iframe"}
    assert b"$" not in response.body
    assert (str(status).encode() in response.body) is (status != 200)
    assert b"prefers-color-scheme: dark" in response.body


def test_the_reasons_for_gone_differ(pages):
    bodies = {pages.gone(why).body for why in ("deleted", "disabled", "expired", "used_up")}
    assert len(bodies) == 4


def test_a_visitor_learns_when_to_try_again(pages):
    assert int(dict(pages.unavailable().headers)["Retry-After"]) > 0


def test_a_preview_shows_the_target_and_runs_nothing(pages):
    link = Link(code="abc", target=NASTY, title="<b>$title", created_ms=1, updated_ms=1)
    response = pages.preview(link)
    assert_safe(response)
    tags = Tags()
    tags.feed(response.body.decode())
    (anchor,) = [attributes for name, attributes in tags.seen if name == "a"]
    assert anchor["href"] == NASTY
    assert not {"script", "b"} & {name for name, _ in tags.seen}
    assert b"&lt;b&gt;$title" in response.body
