"""A person with a real browser looks at the pages of an installation, and sees its clicks counted.

Whatever a page logs as an error, fails to load or does against its own policy fails the test.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.local import ports
from tests.support.browsers import Open, opener, texts
from tests.support.npm import installed
from tests.support.up_process import Up

AXE = Path(__file__).parent / "axe"
#: What a page of another site, a bot or a guest may have written anywhere.
EVIL = "<img src=x onerror=document.title='owned'>\"'"


@pytest.fixture(scope="module")
def console(lasting: Up) -> str:
    return f"http://{lasting.environ['HOPLINE_CONSOLE_BIND']}"


@pytest.fixture
def open_page(chrome: Any, console: str) -> Iterator[Open]:
    """Return what opens a page of the console for somebody who was never there before."""
    with opener(chrome, console) as open_one:
        yield open_one


@pytest.fixture(scope="module")
def clicked(lasting: Up) -> str:
    """A link with clicks of people, of a bot, and of somebody with evil header fields."""
    title = ("--title", EVIL, "--tag", "spring")
    done = lasting.run("links", "add", "https://example.com/a?b=c", "--code", "seen", *title)
    assert done.returncode == 0, done.stderr
    for _ in range(3):
        lasting.click("seen")
    evil = {
        "User-Agent": f"Mozilla/5.0 Firefox/140.0 {EVIL}",
        "Referer": f"https://evil.example/{EVIL}",
    }
    ports.get(lasting.bind, f"/seen?utm_campaign={EVIL.replace(' ', '%20')}", evil)
    ports.get(
        lasting.bind, "/seen", {"User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}
    )
    assert lasting.comes_to("seen", 5)
    return "seen"


def test_a_link_is_pasted_copied_followed_and_seen_to_be_counted(
    lasting: Up, open_page: Open
) -> None:
    page = open_page("/", permissions=["clipboard-read", "clipboard-write"])
    page.keyboard.press("n")
    page.keyboard.insert_text("https://example.com/pasted")
    page.keyboard.press("Enter")
    page.locator("[data-made]").wait_for()
    short = page.locator("#made").input_value()
    assert page.evaluate("navigator.clipboard.readText()") == short
    assert "Copied" in page.inner_text("#status")
    code = short.rpartition("/")[2]
    page.get_by_role("link", name="Settings and figures").click()
    page.get_by_text("No clicks in this time").wait_for()
    lasting.click(code)
    # The page keeps up by itself.
    page.locator(".totals b", has_text=re.compile(r"^1$")).first.wait_for()


def test_what_is_clicked_is_a_filter_and_back_takes_it_away(clicked: str, open_page: Open) -> None:
    page = open_page("/links/seen")
    page.locator("figure.chart canvas").wait_for()
    page.get_by_role("link", name="Browser", exact=True).click()
    page.wait_for_url("**/links/seen?devices=browser")
    page.locator("#card-devices").get_by_role("link", name="Firefox").click()
    page.locator(".chip").wait_for()
    assert "filter=browser%3DFirefox" in page.url
    assert texts(page, ".chip") == ["Browser is Firefox"]
    page.go_back()
    page.locator(".chip").wait_for(state="detached")
    page.go_forward()
    page.locator(".chip").wait_for()
    page.keyboard.press("Escape")
    page.locator(".chip").wait_for(state="detached")


def test_keys_choose_the_time_and_can_be_switched_off(clicked: str, open_page: Open) -> None:
    page = open_page("/")
    for key, part in (
        ("w", "period=7d"),
        ("x", "compare=none"),
        ("e", "period=yesterday"),
        ("h", "period=24h"),
        ("m", "period=month"),
        ("t", "period=30d"),
        ("y", "period=year"),
        ("q", "period=90d"),
        ("a", "period=all"),
        ("d", "period=today"),
    ):
        page.keyboard.press(key)
        page.wait_for_url(f"**{part}*")
    day = "input[type=date][name=since]"
    today = page.locator(day).input_value()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**since=*")
    page.locator(f"{day}:not([value='{today}'])").wait_for(state="attached")
    assert page.locator(day).input_value() < today
    page.keyboard.press("ArrowRight")
    page.locator(f"{day}[value='{today}']").wait_for(state="attached")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    page.get_by_label("single keys do this").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.name ?? ''") == ""


def test_a_link_is_found_as_somebody_types(clicked: str, lasting: Up, open_page: Open) -> None:
    lasting.add_link("other")
    page = open_page("/links")
    page.locator("#l-other").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("seen")
    page.locator("#l-other").wait_for(state="detached")
    assert page.url.endswith("/links?q=seen")
    assert page.evaluate("document.activeElement.name") == "q"


def test_links_are_changed_together_after_their_number_was_named(
    lasting: Up, open_page: Open
) -> None:
    for code in ("b1", "b2"):
        lasting.add_link(code)
    page = open_page("/links")
    for code in ("b1", "b2"):
        page.get_by_label(f"Choose /{code}", exact=True).check()
    page.get_by_role("button", name="Delete").click()
    assert "Delete: 2 links?" in page.inner_text("h1")
    page.get_by_role("button", name="Delete 2 links").click()
    page.get_by_text("2 links deleted.").wait_for()
    assert page.locator("#l-b1").count() == 0


def test_settings_are_changed_and_faults_are_said(lasting: Up, open_page: Open) -> None:
    lasting.add_link("edit")
    page = open_page("/links/edit")
    page.locator("#settings > summary").click()
    page.get_by_label("Click limit").fill("many")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("is no whole number").wait_for()
    page.get_by_label("Click limit").fill("10")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("0 of 10 clicks used").wait_for()


def test_what_somebody_writes_stays_while_the_page_keeps_up(lasting: Up, open_page: Open) -> None:
    lasting.add_link("kept")
    page = open_page("/links/kept")
    page.locator("#settings > summary").click()
    page.get_by_label("Title").fill("half a tit")
    page.get_by_label("Tags").focus()
    lasting.click("kept")
    page.locator(".totals b", has_text=re.compile(r"^1$")).first.wait_for()
    assert page.get_by_label("Title").input_value() == "half a tit"
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()


def test_without_scripts_everything_works_but_what_happens_by_itself(
    clicked: str, open_page: Open
) -> None:
    page = open_page("/", java_script_enabled=False)
    page.get_by_placeholder("Paste a long URL").fill("https://example.com/plain")
    page.get_by_role("button", name="Shorten").click()
    assert page.locator("#made").input_value().startswith("http")
    page.locator("summary", has_text="Last 30 days").click()
    page.get_by_role("link", name="Last 7 days").click()
    assert "period=7d" in page.url
    assert page.locator("svg.lines").is_visible()
    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Value").fill("US")
    page.get_by_role("button", name="Add the filter").click()
    assert texts(page, ".chip") == ["Country is United States"]
    page.locator("summary", has_text="Figures as a table").click()
    assert page.locator("[data-series] tbody tr").count() == 7


@pytest.fixture(scope="module")
def pages(clicked: str, chrome: Any, console: str) -> tuple[str, ...]:
    """Every page, with one of a click and a report that is shared; the last is of what isn't."""
    page = chrome.new_page()
    page.goto(f"{console}/links/{clicked}/clicks")
    click = page.get_by_role("link", name="Explain").first.get_attribute("href")
    page.goto(f"{console}/links/{clicked}")
    page.locator("#settings > summary").click()
    page.get_by_role("button", name="Make an address").click()
    shared = page.locator("#shared").input_value()
    page.close()
    return (click, shared.removeprefix(console), *PAGES)


PAGES = (
    *(
        "/",
        "/links",
        "/links/seen",
        "/links/seen/clicks",
        "/links/-/new",
        "/links/-/import",
        "/tags",
        "/explore",
    ),
    *("/live", "/bots", "/system", "/keys", "/webhooks", "/audit", "/sign-in", "/docs", "/nothing"),
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_people_with_other_eyes_can_use_every_page(
    pages: tuple[str, ...], chrome: Any, console: str, cache_dir: Path, scheme: str
) -> None:
    found = {}
    axe = (installed(AXE, cache_dir) / "node_modules/axe-core/axe.min.js").read_text()
    context = chrome.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    for path in pages:
        page.goto(f"{console}{path}")
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        page.evaluate(axe)
        result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found[path] = [
            (each["id"], each["impact"], [node["target"] for node in each["nodes"]][:3])
            for each in result["violations"]
            if each["impact"] in ("serious", "critical")
        ]
    context.close()
    assert {path: faults for path, faults in found.items() if faults} == {}


def test_every_page_fits_a_phone(pages: tuple[str, ...], open_page: Open, console: str) -> None:
    page = open_page("/", viewport={"width": 390, "height": 844})
    for path in pages[:-1]:
        page.goto(f"{console}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_paper_has_the_figures_and_nothing_to_press(clicked: str, open_page: Open) -> None:
    for path in ("/", "/links/seen"):
        page = open_page(path)
        page.locator("figure.chart canvas").wait_for()
        pressed = [
            page.locator(each).first
            for each in (".top nav", ".who", ".timebar .arrow", ".foot button")
        ]
        assert all(each.is_visible() for each in pressed)
        page.emulate_media(media="print")
        assert not any(each.is_visible() for each in pressed)
        assert page.locator("figure.chart").is_visible()
        assert page.locator("main .card").first.is_visible()
        assert all(each.is_visible() for each in page.locator(".totals b").all())
        assert page.locator(".totals b").count() > 1
        # What time they are of is said, too.
        assert "Last 30 days" in page.locator("main").inner_text()


def test_what_others_wrote_runs_nowhere(clicked: str, open_page: Open, console: str) -> None:
    page = open_page("/links/seen")
    tabs = "devices=browser&sources=utm_campaign&bots=bot&places=language"
    for path in (f"/links/seen?{tabs}", f"/?{tabs}&sources=referrer", "/links?q=%3Cimg%20src=x"):
        page.goto(f"{console}{path}")
        page.wait_for_load_state("load")
        assert "owned" not in page.title()
        assert page.locator("img[src=x]").count() == 0


def test_a_click_shows_as_it_comes_and_explains_itself(
    clicked: str, lasting: Up, open_page: Open
) -> None:
    page = open_page("/live?code=seen")
    page.locator("#rate", has_text="up to date").wait_for()
    evil = {
        "User-Agent": f"Mozilla/5.0 Firefox/140.0 {EVIL}",
        "Referer": f"https://e.example/{EVIL}",
    }
    ports.get(lasting.bind, "/seen", evil)
    row = page.locator("#ticks tbody tr").first
    row.wait_for()
    assert "/seen" in row.inner_text()
    page.get_by_role("button", name="Pause").click()
    assert page.locator("#pause").get_attribute("aria-pressed") == "true"
    ports.get(lasting.bind, "/seen", evil)
    assert page.locator("#ticks tbody tr").count() == 1
    page.get_by_role("button", name="Go on").click()
    page.locator("#rate", has_text="up to date").wait_for()
    row.get_by_role("link", name="Explain").click()
    page.get_by_role("heading", name="What came in").wait_for()
    assert EVIL in page.locator("main").inner_text()
    assert "owned" not in page.title()
    # The page looks on until the click is stored.
    page.get_by_role("heading", name="stored, and in every report").wait_for()


def test_an_overview_is_light_and_comes_in_few_requests(
    clicked: str, open_page: Open, console: str
) -> None:
    page = open_page("/sign-in")
    needed: set[str] = set()
    sizes: dict[str, int] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def sent(event: dict[str, Any]) -> None:
        # Neither what an open page asks to keep up nor a browser's own icons are what it takes.
        if event.get("type") != "Fetch" and not event["request"]["url"].startswith("data:"):
            needed.add(event["requestId"])

    session.on("Network.requestWillBeSent", sent)
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto(console)
    page.locator("figure.chart canvas").wait_for()
    page.wait_for_load_state("load")
    shift = page.evaluate(
        "new Promise((done) => { let all = 0; new PerformanceObserver((list) => { for (const one of"
        " list.getEntries()) all += one.value; }).observe({type: 'layout-shift', buffered: true});"
        " setTimeout(() => done(all), 300); })"
    )
    took = [size for request, size in sizes.items() if request in needed]
    assert len(took) <= 12, took
    assert sum(took) <= 150_000
    assert shift == 0
