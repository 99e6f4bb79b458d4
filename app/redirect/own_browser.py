"""Resources by which somebody takes their browser out of the count, and back in.

A GET shows how the browser is counted and changes nothing, whoever loads it ahead. A POST changes
it, if a page of ours sent it: else any site could take its visitors out of the count.
"""

from urllib.parse import urlsplit

import falcon

from app.redirect.link_resource import write
from app.redirect.pages import Pages
from app.redirect.response import Response
from app.redirect.visits.visit import OWN_COOKIE, own_mark

LEAVE_PATH = "/-/dont-count-me"
RETURN_PATH = "/-/count-me"

#: Browsers keep no cookie longer than 400 days (RFC 6265bis §5.5).
_LASTS_SECONDS = 400 * 86_400
_NEVER_KEPT = ("Cache-Control", "no-store")


class OwnBrowserResource:
    """``/-/dont-count-me`` and ``/-/count-me``: the same page, and what each of them does.

    Args:
        marks: whether a POST takes the browser out of the count, or back in.
        is_https: whether visitors come over HTTPS alone.
    """

    def __init__(self, pages: Pages, *, marks: bool, is_https: bool) -> None:
        self._pages = pages
        self._cookie = _cookie(marks=marks, is_https=is_https)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show how this browser is counted."""
        cookies = req.env.get("HTTP_COOKIE", "").encode("latin-1")
        write(resp, self._pages.own_browser(is_marked=bool(own_mark(cookies))))

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Change it, and show the page."""
        if not _is_of_our_page(req):
            write(resp, self._pages.foreign_form())
            return
        write(resp, Response(303, (("Location", LEAVE_PATH), _NEVER_KEPT)))
        resp.append_header("Set-Cookie", self._cookie)

    def on_options(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Refuse, as any method that does nothing."""
        write(resp, self._pages.bad_method())


def _cookie(*, marks: bool, is_https: bool) -> str:
    value, seconds = ("1", _LASTS_SECONDS) if marks else ("", 0)
    # Lax: a browser sends it with links from everywhere, and with nothing that pages load.
    parts = [f"{OWN_COOKIE}={value}", f"Max-Age={seconds}", "Path=/", "HttpOnly", "SameSite=Lax"]
    return "; ".join((*parts, "Secure") if is_https else parts)


def _is_of_our_page(req: falcon.Request) -> bool:
    """Tell whether a form of this very host was sent.

    Browsers say so in Sec-Fetch-Site (https://w3c.github.io/webappsec-fetch-metadata/) where the
    connection is safe, and in Origin (RFC 6454 §7.3) with every POST.
    """
    if site := req.env.get("HTTP_SEC_FETCH_SITE"):
        return bool(site == "same-origin")
    origin = urlsplit(req.env.get("HTTP_ORIGIN", "")).netloc
    return bool(origin) and origin.lower() == req.env.get("HTTP_HOST", "").lower()
