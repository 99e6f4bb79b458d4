from typing import Any

from tests.support.pages import Browser, text_of


def test_changes_stand_there_with_who_made_them(operator: Browser, links: Any) -> None:
    operator.send("/links/-/new", target="https://example.com/", code="abc", title="<i>x</i>")
    operator.send(
        "/links/abc", page="/links/-/new", target="https://example.org/", act="save", status="302"
    )
    page = operator.get("/audit?subject=abc")
    text = text_of(page)
    assert "link.created abc" in text
    assert "target: https://example.com/ → https://example.org/" in text
    assert "<i>x" not in page.text
    assert "Nothing was changed of nobody" in text_of(operator.get("/audit?subject=nobody"))


def test_longer_trails_have_pages(operator: Browser, links: Any) -> None:
    for number in range(55):
        links.create({"target": "https://example.com/"}, code=f"n{number}")
    first = operator.get("/audit")
    assert first.text.count("link.created") == 50
    following = first.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert operator.get(following).text.count("link.created") == 5


def test_what_is_no_place_is_named(operator: Browser) -> None:
    answer = operator.get("/audit?after=x")
    assert (answer.status_code, "after :" in text_of(answer)) == (400, True)
