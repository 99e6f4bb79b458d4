"""Real browser that people of tests work with; what a page does wrong fails its test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""
#: What a form that comes back with what was wrong is answered with.
_EXPECTED = ("status of 409", "status of 412", "status of 422")
#: A busy machine is no finding.
_PATIENCE_MS = 120_000
Open = Callable[..., Any]


@contextmanager
def opener(chrome: Any, console: str) -> Iterator[Open]:
    """Yield what opens a page of a console for somebody who was never there before.

    Whatever a page logs as an error, fails to load or does against its own policy fails at the end.
    """
    faults: list[str] = []
    contexts = []

    def open_one(path: str, **options: Any) -> Any:
        context = chrome.new_context(timezone_id="Europe/Berlin", **options)
        contexts.append(context)
        if options.get("java_script_enabled", True):
            context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        _watch(page, faults)
        page.goto(f"{console}{path}")
        return page

    yield open_one
    for context in contexts:
        for page in context.pages:
            faults += page.evaluate("window.violations ?? []")
        context.close()
    assert faults == []


def _watch(page: Any, faults: list[str]) -> None:
    """Note what goes wrong on a page."""

    def log(said: Any) -> None:
        if said.type == "error" and not any(each in said.text for each in _EXPECTED):
            faults.append(said.text)

    def lose(lost: Any) -> None:
        if lost.failure != "net::ERR_ABORTED":
            faults.append(f"{lost.url} {lost.failure}")

    page.on("console", log)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lose)


def texts(page: Any, selector: str) -> list[str]:
    """Return what elements say, with one blank for any."""
    return [" ".join(text.split()) for text in page.locator(selector).all_inner_texts()]
