"""The page by which somebody isn't counted, what it sets, and what that does."""

from http.cookies import SimpleCookie

import pytest

from app.redirect.own_browser import LEAVE_PATH, RETURN_PATH
from tests.support.redirect.link_world import World

FROM_HERE = {"Host": "go.example", "Origin": "https://go.example"}
MARK = {"Cookie": "a=b; hopline_own=1"}


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("path", [LEAVE_PATH, RETURN_PATH])
def test_a_look_at_the_page_changes_nothing(world, path):
    for headers, form in (({}, LEAVE_PATH), (MARK, RETURN_PATH)):
        seen = world.get(path, **headers)
        assert seen.status_code == 200
        assert "set-cookie" not in seen.headers
        assert seen.headers["cache-control"] == "no-store"
        assert f'<form method="post" action="{form}">' in seen.text


def test_a_browser_can_send_the_form_and_say_that_it_came_from_here(world):
    headers = world.get(LEAVE_PATH).headers
    assert "form-action 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"


def test_who_asks_not_to_be_counted_gets_a_mark_and_can_give_it_back(world):
    left = world.ask("POST", LEAVE_PATH, **FROM_HERE)
    assert (left.status_code, left.headers["location"]) == (303, LEAVE_PATH)
    assert left.headers["cache-control"] == "no-store"
    mark = SimpleCookie(left.headers["set-cookie"])["hopline_own"]
    assert (mark.value, mark["path"], mark["samesite"], mark["httponly"]) == ("1", "/", "Lax", True)
    assert int(mark["max-age"]) == 400 * 86_400
    back = SimpleCookie(world.ask("POST", RETURN_PATH, **FROM_HERE).headers["set-cookie"])
    assert (back["hopline_own"].value, back["hopline_own"]["max-age"]) == ("", "0")


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        (FROM_HERE, True),
        ({"Host": "GO.example:8080", "Origin": "http://go.EXAMPLE:8080"}, True),
        ({"Host": "go.example", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Host": "go.example", "Origin": "https://evil.example"}, False),
        ({"Host": "go.example", "Origin": "null"}, False),
        ({"Host": "go.example", "Origin": "https://go.example:8443"}, False),
        ({"Host": "go.example"}, False),
        ({**FROM_HERE, "Sec-Fetch-Site": "cross-site"}, False),
        ({**FROM_HERE, "Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_only_a_page_of_this_host_takes_its_visitors_out_of_the_count(world, headers, is_taken):
    answer = world.ask("POST", LEAVE_PATH, **headers)
    assert answer.status_code == (303 if is_taken else 403)
    assert ("set-cookie" in answer.headers) == is_taken


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_nothing_else_does_anything(world, method):
    answer = world.ask(method, LEAVE_PATH, **FROM_HERE)
    assert answer.status_code == 405
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("cookie", "own"),
    [
        ("hopline_own=1", "1"),
        ("a=b; hopline_own=1; c=d", "1"),
        ("hopline_own=", ""),
        ("hopline_own=12", ""),
        ("xhopline_own=1", ""),
        ("a=hopline_own=1", ""),
        ("a=b", ""),
    ],
)
def test_a_marked_browser_is_recorded_as_our_own(world, cookie, own):
    assert world.get("/live", Cookie=cookie).status_code == 302
    assert world.recorder.clicks[0].own == own


def test_our_own_visits_use_nothing_up(world):
    for _ in range(3):
        assert world.get("/limited", **MARK).status_code == 302
    assert len(world.recorder.clicks) == 3
    assert world.click_limits.known == {}
