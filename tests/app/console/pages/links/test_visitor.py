from app.console.pages.links.visitor import DEFAULT_CACHE_CONTROL, visitor_gets
from app.links.link import Link
from app.redirect import response

LINK = Link(code="a", target="https://example.com/", created_ms=1, updated_ms=1, forward_query=True)


def test_what_is_told_is_what_the_redirect_answers() -> None:
    told = visitor_gets(LINK, "live")
    real = response.redirect(LINK, "")
    assert told.line == real.status_line
    assert told.fields == real.headers[:2]
    assert DEFAULT_CACHE_CONTROL == response.DEFAULT_CACHE_CONTROL


def test_a_dead_link_is_gone_and_why() -> None:
    told = visitor_gets(LINK, "used_up")
    assert (told.line, told.fields) == ("410 Gone", ())
    assert "used up" in told.note
