import logging

import pytest

from app.redirect.response import DEFAULT_CACHE_CONTROL
from tests.support.redirect.link_world import NOW, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/live", 302, "https://a.example/live"),
        ("/live?x=1", 302, "https://a.example/live"),
        ("/later", 302, "https://a.example/later"),
        ("/permanent", 301, "https://a.example/permanent"),
        ("/query?x=1&y", 302, "https://a.example/query?x=1&y"),
        ("/limited", 302, "https://a.example/limited"),
        ("/live+", 200, None),
        ("/live%2B", 200, None),
        ("/expired", 410, None),
        ("/expired+", 410, None),
        ("/disabled", 410, None),
        ("/deleted", 410, None),
        ("/nothing", 404, None),
        ("/nothing+", 404, None),
        ("/+", 404, None),
        ("/LIVE", 404, None),
        ("/live/", 302, "https://a.example/live"),
        ("/live.", 302, "https://a.example/live"),
        ("/live,", 302, "https://a.example/live"),
        ("/live)", 302, "https://a.example/live"),
        ("/live).", 302, "https://a.example/live"),
        ("/live%20", 302, "https://a.example/live"),
        ("/live%22", 302, "https://a.example/live"),
        ("/live%3E", 302, "https://a.example/live"),
        ("/live%0A", 302, "https://a.example/live"),
        ("/live%0D%0A", 302, "https://a.example/live"),
        ("/live%C2%A0", 302, "https://a.example/live"),
        ("/live%E2%80%8B", 302, "https://a.example/live"),
        ("/live%E2%80%9D", 302, "https://a.example/live"),
        ("/live&utm_source=mail", 302, "https://a.example/live"),
        ("/live%3Futm_source=mail", 302, "https://a.example/live"),
        ("/live/?utm_source=mail", 302, "https://a.example/live"),
        ("/live//", 302, "https://a.example/live"),
        ("/live/./", 302, "https://a.example/live"),
        ("/live%5C", 302, "https://a.example/live"),
        ("/live%5Cn", 302, "https://a.example/live"),
        ("/live%00", 302, "https://a.example/live"),
        ("/live%0d%0aX:%20y", 302, "https://a.example/live"),
        ("/live%3C/a%3E", 302, "https://a.example/live"),
        ("/live%23part", 302, "https://a.example/live"),
        ("/live=", 302, "https://a.example/live"),
        ("/live%25", 302, "https://a.example/live"),
        ("/live%ff", 302, "https://a.example/live"),
        ("/live%EF%BC%89", 302, "https://a.example/live"),
        ("/live%E3%80%8D%E3%80%82", 302, "https://a.example/live"),
        ("/live%E2%80%94", 302, "https://a.example/live"),
        ("/live%F0%9F%98%80", 302, "https://a.example/live"),
        ("/live%E2%9D%A4%EF%B8%8F", 302, "https://a.example/live"),
        ("/live%C2%AD", 302, "https://a.example/live"),
        ("/live%E2%81%A9", 302, "https://a.example/live"),
        ("/%20live", 302, "https://a.example/live"),
        ("/%E2%80%8Blive%E2%80%8B", 302, "https://a.example/live"),
        ("/(live)", 302, "https://a.example/live"),
        ("/%3Clive%3E", 302, "https://a.example/live"),
        ("/live/+", 200, None),
        ("/live+//", 200, None),
        ("/live+%E2%80%8B", 200, None),
        ("/live+.", 200, None),
        ("/live.+", 200, None),
        ("/live+&x=1", 200, None),
        ("/expired.", 410, None),
        ("/nothing.", 404, None),
        ("/.", 404, None),
        ("/&live", 404, None),
        ("/live/more", 404, None),
        ("//live", 302, "https://a.example/live"),
        ("/live%2Fmore", 404, None),
        ("/live%C3%A9", 404, None),
        ("/livee%CC%81", 404, None),
        ("/live%E6%97%A5", 404, None),
        ("/live%20and%20more", 404, None),
        ("/.live", 404, None),
        ("/%ff%fe", 404, None),
        ("/%C3%A4", 404, None),
        ("/" + "a" * 8000, 404, None),
        ("/-/nothing", 404, None),
        ("/-", 404, None),
        ("/", 200, None),
        ("/robots.txt", 200, None),
        ("/favicon.ico", 204, None),
        ("/-/live", 200, None),
        ("/-/ready", 200, None),
    ],
)
def test_what_a_visitor_gets(world, method, path, status, location):
    result = world.ask(method, path)
    assert result.status_code == status
    assert result.headers.get("location") == location
    assert (len(world.recorder.clicks) == 1) is (location is not None and method == "GET")
    if method == "HEAD":
        assert result.text == ""


def test_a_redirect_is_not_kept_unless_the_link_says_so(world):
    assert world.get("/live").headers["cache-control"] == DEFAULT_CACHE_CONTROL
    assert world.get("/permanent").headers["cache-control"] == "public, max-age=60"
    assert "content-type" not in world.get("/live").headers


def test_head_says_the_same_as_get(world):
    for path in ("/live", "/nothing", "/expired", "/live+", "/"):
        assert world.ask("HEAD", path).headers == world.get(path).headers


def test_a_click_tells_who_came_and_whereto(world):
    world.get(
        "/live",
        X_Forwarded_For="203.0.113.7",
        User_Agent="Browser",
        Referer="https://b.example/",
        Accept_Language="de",
        Sec_GPC="1",
    )
    (click,) = world.recorder.clicks
    assert (click.short_code, click.timestamp, click.time_ms) == ("live", NOW, NOW * 1000)
    assert click.original_url == "https://a.example/live"
    assert (click.user_agent, click.referer) == ("Browser", "https://b.example/")
    assert (click.accept_language, click.gpc) == ("de", "1")
    assert click.ip == "203.0.113.7"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/live&utm_source=mail", "utm_source=mail"),
        ("/live%3Futm_source=mail&token=x&fbclid=1", "utm_source=mail&fbclid"),
        ("/live.&amp;utm_source=a%20b", "utm_source=a+b"),
        ("/live&utm_source=mail?utm_medium=b", "utm_medium=b&utm_source=mail"),
        ("/live&utm_source=%C3%A4%ff", "utm_source=\u00e4\ufffd"),
        ("/live&x=1", ""),
        ("/live)", ""),
    ],
)
def test_a_campaign_is_read_from_what_came_along_behind_a_code(world, path, query):
    assert world.get(path).status_code == 302
    (click,) = world.recorder.clicks
    assert click.query == query


def test_every_click_has_an_id_of_its_own(world):
    for _ in range(50):
        world.get("/live")
    assert len({click.click_id for click in world.recorder.clicks}) == 50


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/live", "/live+", "/", "/-/ready", "/robots.txt"])
def test_other_methods_are_refused(world, method, path):
    result = world.ask(method, path)
    assert result.status_code == 405
    assert result.headers["allow"] == "GET, HEAD"
    assert world.recorder.clicks == []


def test_a_limited_link_is_used_up_by_people_alone(world):
    person = "Browser"
    for _ in range(3):
        assert world.ask("HEAD", "/limited", User_Agent=person).status_code == 302
        assert world.get("/limited", User_Agent="a bot").status_code == 302
        assert world.get("/limited", Sec_Purpose="prefetch").status_code == 302
    assert world.get("/limited", User_Agent=person).status_code == 302
    assert world.get("/limited", User_Agent=person).status_code == 410
    assert world.get("/limited", User_Agent="a bot").status_code == 410
    assert world.ask("HEAD", "/limited", User_Agent=person).status_code == 410
    assert len(world.recorder.clicks) == 7


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("user_agent", ["Browser", "a bot", ""])
@pytest.mark.parametrize("purpose", ["", "prefetch"])
@pytest.mark.parametrize(
    "path",
    ["/limited", "/limited+", "/limited.", "/limited/+", "/limited&x=1", "/limited+%E2%80%8B"],
)
def test_a_used_up_link_leads_and_shows_nowhere_at_any_door(
    world, method, user_agent, purpose, path
):
    assert world.get("/limited", User_Agent="Browser").status_code == 302
    spent = dict(world.click_limits.known)
    result = world.ask(method, path, User_Agent=user_agent, Sec_Purpose=purpose)
    assert result.status_code == 410
    assert "a.example" not in result.text + str(result.headers)
    if path == "/limited+":
        assert world.click_limits.known == spent


def test_the_second_try_of_a_proxy_is_the_same_click_and_the_same_use(world):
    named = {"X_Request_ID": "abc", "X_Request_Start": f"t={NOW}.000"}
    for _ in range(2):
        assert world.get("/limited", **named).status_code == 302
    first, second = world.recorder.clicks
    assert first == second
    assert world.get("/limited", **named | {"X_Request_ID": "def"}).status_code == 410


def test_a_click_is_of_the_time_at_which_the_proxy_began_to_serve_it(world):
    world.get("/live", X_Request_ID="abc", X_Request_Start=f"t={NOW - 2}.250")
    (click,) = world.recorder.clicks
    assert (click.timestamp, click.time_ms) == (NOW - 2, (NOW - 2) * 1000 + 250)


def test_codes_that_can_not_be_are_not_looked_up(world):
    for path in ("/live%C3%A9", "/%ff", "/-x", "/" + "a" * 65, "/+"):
        world.get(path)
    assert world.lookup.asked == []


def test_without_redis_an_unknown_link_is_a_matter_of_time(world):
    world.lookup.is_away = True
    result = world.get("/live")
    assert result.status_code == 503
    assert int(result.headers["retry-after"]) > 0


def test_a_fault_of_ours_is_logged_and_not_shown(world, caplog):
    caplog.set_level(logging.ERROR)
    result = world.get("/broken")
    assert result.status_code == 500
    assert "fault of ours" not in result.text
    assert "fault of ours" in caplog.text
    (logged,) = caplog.records
    assert logged.request_id == result.headers["x-request-id"]


def test_an_unheard_of_method_is_not_implemented(world):
    for path in ("/live", "/", "/no/where", "/live+"):
        assert world.ask("BREW", path).status_code == 501


def test_answers_are_counted_by_status(world):
    world.get("/live")
    world.get("/nothing")
    counted = world.registry.get_sample_value
    assert counted("hopline_responses_total", {"status": "302", "lane": "falcon"}) == 1
    assert counted("hopline_responses_total", {"status": "404", "lane": "falcon"}) == 1


def test_a_preview_shows_no_more_than_the_redirect_would(world):
    assert world.get("/limited+").status_code == 200
    assert world.get("/limited").status_code == 302
    for path in ("/limited", "/limited+", "/limited+."):
        assert world.get(path).status_code == 410
        assert "a.example" not in world.get(path).text
