import re

from tests.support.pages import Browser


def test_the_interface_is_shown_without_anything_of_other_hosts(browser: Browser) -> None:
    page = browser.get("/docs")
    assert page.status_code == 200
    assert "/api/v1/links/{code}" in page.text
    assert 'href="/api/v1/openapi.json"' in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', page.text)
    assert loaded
    # A place of the page itself is nothing that is loaded.
    assert all(url.startswith(("/-/static/", "#")) for url in loaded)
    assert "style=" not in page.text


def test_every_anchor_leads_to_a_place_of_the_page(browser: Browser) -> None:
    text = browser.get("/docs").text
    places = set(re.findall(r'\bid="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= places


def test_who_has_not_signed_in_is_led_there(guarded: Browser) -> None:
    page = guarded.get("/docs")
    assert page.status_code in (302, 303)
    assert page.headers["location"].startswith("/sign-in")
