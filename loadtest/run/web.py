"""What Locust's web UI shows of a run beside its own figures: the verdict, why, and the report.

Its pages are one program in JavaScript that has no room for a sentence; so it is put above them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Response, request

from loadtest.report import templates
from loadtest.report.verdict import HEADLINES, reasons

if TYPE_CHECKING:
    from loadtest.run.wiring import Load

_BANNER = Path(__file__).with_name("web.html")


def install(web_ui: Any, load: "Load") -> None:
    """Put the verdict above Locust's pages, and serve the report."""
    base = (web_ui.environment.parsed_options.web_base_path or "").rstrip("/")

    @web_ui.app.route(f"{base}/hopline/verdict")  # type: ignore[untyped-decorator]
    @web_ui.auth_required_if_enabled  # type: ignore[untyped-decorator]
    def hopline_verdict() -> Response:
        return Response(banner(load), headers={"Cache-Control": "no-store"})

    @web_ui.app.route(f"{base}/hopline/report")  # type: ignore[untyped-decorator]
    @web_ui.auth_required_if_enabled  # type: ignore[untyped-decorator]
    def hopline_report() -> Response:
        text = load.report_text
        return Response(text or "There is no report yet.", status=200 if text else 404)

    @web_ui.app.after_request  # type: ignore[untyped-decorator]
    def add_banner(response: Response) -> Response:
        if request.path == f"{base}/" and response.mimetype == "text/html":
            root = '<div id="root">'
            page = response.get_data(as_text=True)
            response.set_data(page.replace(root, f"{_BANNER.read_text()}{root}", 1))
        return response


def banner(load: "Load") -> str:
    """Return what stands above Locust's pages."""
    verdict = load.verdict
    if verdict is None:
        return templates.fill("banner.html", verdict=None, stage=load.stage)
    headline = HEADLINES[verdict.outcome]
    return templates.fill(
        "banner.html", verdict=verdict, headline=headline, reasons=reasons(verdict)
    )
