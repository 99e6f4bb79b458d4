"""Chromium that opens the overview: what it loads, when a person sees it, and what moves then."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
#: Up to when everything that loads has loaded, and the first look at what is new hasn't begun.
_SETTLED = "document.querySelector('figure.chart canvas')"
_TIMEOUT_MS = 120_000
_WATCH = """
window.seen = { paint: 0, shift: 0, tasks: [] };
const watch = (type, take) => new PerformanceObserver(
  (list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
watch("largest-contentful-paint", (one) => { seen.paint = one.startTime; });
watch("layout-shift", (one) => { seen.shift += one.value; });
watch("longtask", (one) => { seen.tasks.push(one.duration); });
"""
_TOTAL = "document.querySelector('.totals b').textContent.replace(/\\D/g, '')"


@dataclass(slots=True)
class Opened:
    """The overview, opened so many times by somebody who was never there.

    Attributes:
        requests, bytes: that it takes, by opening; compressed, with heads.
        paint_ms: largest contentful paint.
        shift: of the layout, without a unit.
        longest_task_ms: 0 where none took 50 ms.
    """

    requests: list[int] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)
    paint_ms: list[float] = field(default_factory=list)
    shift: list[float] = field(default_factory=list)
    longest_task_ms: list[float] = field(default_factory=list)


def with_chromium(use: Callable[[Browser], None]) -> bool:
    """Use a Chromium of this machine; tell whether there is one."""
    path = shutil.which("chromium")
    if path is None:
        return False
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            use(browser)
        finally:
            browser.close()
    return True


def open_overview(browser: Browser, url: str, times: int) -> Opened:
    """Open the overview anew so many times; the first one finds nothing in the server's memory."""
    found = Opened()
    for number in range(times + 1):
        context = browser.new_context()
        context.add_init_script(_WATCH)
        page = context.new_page()
        sizes = _sizes(page)
        page.goto(url, wait_until="load", timeout=_TIMEOUT_MS)
        page.wait_for_function(_SETTLED, timeout=_TIMEOUT_MS)
        # The favicon comes last, on its own account.
        page.wait_for_timeout(400)
        if number:
            seen = page.evaluate("seen")
            found.requests.append(len(sizes))
            found.bytes.append(sum(sizes.values()))
            found.paint_ms.append(seen["paint"])
            found.shift.append(seen["shift"])
            found.longest_task_ms.append(max(seen["tasks"], default=0.0))
        context.close()
    return found


def _sizes(page: Page) -> dict[str, int]:
    """Return what fills with the bytes of each request that a page needs, by its id."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    needed: set[str] = set()
    sizes: dict[str, int] = {}

    def sent(event: dict[str, Any]) -> None:
        # What an open page asks to keep up isn't what it takes to open, nor are a browser's icons.
        if event.get("type") != "Fetch" and not event["request"]["url"].startswith("data:"):
            needed.add(event["requestId"])

    def loaded(event: dict[str, Any]) -> None:
        if event["requestId"] in needed:
            sizes[event["requestId"]] = int(event["encodedDataLength"])

    session.on("Network.requestWillBeSent", sent)
    session.on("Network.loadingFinished", loaded)
    return sizes


def seen_in_overview(
    browser: Browser, url: str, click: Callable[[], None], times: int
) -> list[float]:
    """Return the seconds from each click until a person at the overview sees the figure change."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(url, timeout=_TIMEOUT_MS)
    page.wait_for_function(_SETTLED, timeout=_TIMEOUT_MS)
    ages = []
    for _ in range(times):
        before = page.evaluate(_TOTAL)
        began = time.monotonic()
        click()
        page.wait_for_function(f"(before) => {_TOTAL} !== before", arg=before, timeout=_TIMEOUT_MS)
        ages.append(time.monotonic() - began)
    context.close()
    return ages
