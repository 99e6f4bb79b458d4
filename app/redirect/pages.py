"""The pages that a visitor sees instead of a redirect: self-contained, without scripts."""

from html import escape
from importlib import resources
from string import Template
from typing import Literal

from app.links.link import Link
from app.redirect.response import Response

#: Seconds after which a visitor may try again when Redis is away.
RETRY_AFTER_SECONDS = 2

Gone = Literal["deleted", "disabled", "expired", "used_up"]

_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    # base-uri, form-action and frame-ancestors don't fall back on default-src (CSP3 §6.3, §6.4).
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)

#: Of a page with a form. Without a referrer, browsers would send "null" as the form's origin.
_FORM_HEADERS = tuple(
    (name, value.replace("form-action 'none'", "form-action 'self'"))
    if name == "Content-Security-Policy"
    else (name, "same-origin" if name == "Referrer-Policy" else value)
    for name, value in _HEADERS
)

_GONE_SENTENCES: dict[Gone, tuple[str, str]] = {
    "deleted": (
        "This link was removed",
        "Whoever made it has taken it down. It will not come back.",
    ),
    "disabled": (
        "This link is switched off",
        "Its owner has switched it off for now. Ask them if you expected it to work.",
    ),
    "expired": (
        "This link has expired",
        "It was made to work until a certain time, and that time has passed.",
    ),
    "used_up": (
        "This link has been used up",
        "It was made for a certain number of visits, and all of them have been made.",
    ),
}


class Pages:
    """Makes pages from one template."""

    def __init__(self) -> None:
        source = resources.files("app.redirect").joinpath("page.html")
        self._template = Template(source.read_text(encoding="utf-8"))

    def not_found(self) -> Response:
        """Return 404: no link has this code."""
        return self._page(
            404,
            "There is no such link",
            "Check the address for typing errors: upper and lower case letters are different.",
        )

    def gone(self, why: Gone) -> Response:
        """Return 410: the link was there once."""
        title, sentence = _GONE_SENTENCES[why]
        return self._page(410, title, sentence)

    def unavailable(self) -> Response:
        """Return 503: whether there is a link can't be told now."""
        return self._page(
            503,
            "Please try again in a moment",
            "This link can't be looked up right now. It has not been lost.",
            ("Retry-After", str(RETRY_AFTER_SECONDS)),
        )

    def bad_method(self) -> Response:
        """Return 405: a short link can only be visited."""
        return self._page(
            405,
            "A short link can only be visited",
            "Only GET and HEAD do anything here.",
            ("Allow", "GET, HEAD"),
        )

    def unknown_method(self) -> Response:
        """Return 501: nobody knows what the method means."""
        return self._page(
            501, "A short link can only be visited", "The method of this request is unknown here."
        )

    def bad_request(self) -> Response:
        """Return 400: the request makes no sense."""
        return self._page(
            400, "This request can't be understood", "Something in it is not as HTTP has it."
        )

    def failed(self) -> Response:
        """Return 500: we made a mistake, which the log describes."""
        return self._page(
            500, "Something went wrong here", "It is not your fault, and we have written it down."
        )

    def home(self) -> Response:
        """Return the page of the bare address."""
        return self._page(
            200,
            "Short links live here",
            "Add a link's code to this address to follow it, and a + after the code to see first "
            "where it leads.",
        )

    def preview(self, link: Link) -> Response:
        """Return the page that shows where a link leads before going there."""
        target = escape(link.target)
        title = f"<p>{escape(link.title)}</p>\n" if link.title else ""
        content = (
            f'{title}<p class="target">{target}</p>\n'
            f'<p><a class="go" href="{target}" rel="noreferrer nofollow">Go there</a></p>'
        )
        return self._fill(200, "This short link leads to", content)

    def own_browser(self, *, is_marked: bool) -> Response:
        """Return the page that says whether this browser's clicks are people's, and changes it."""
        if is_marked:
            title = "This browser is not counted"
            sentence = (
                "Its clicks on short links of this host are recorded as your own, and left out of "
                "what people did, for as long as it keeps this site's cookie."
            )
            path, label = "/-/count-me", "Count me again"
        else:
            title = "This browser is counted"
            sentence = (
                "If these links are yours, you may leave your own clicks out of what people did. "
                "A cookie without any number or name in it will say so."
            )
            path, label = "/-/dont-count-me", "Don't count me"
        content = (
            f"<p>{escape(sentence)}</p>\n"
            f'<form method="post" action="{path}">'
            f'<button class="go">{escape(label)}</button></form>'
        )
        page = self._fill(200, title, content)
        return page._replace(headers=_FORM_HEADERS)

    def foreign_form(self) -> Response:
        """Return 403: another site's page has sent what only ours may."""
        return self._page(
            403, "This was not sent from here", "Open this address yourself, and choose there."
        )

    def _page(self, status: int, title: str, sentence: str, *headers: tuple[str, str]) -> Response:
        return self._fill(status, title, f"<p>{escape(sentence)}</p>", *headers)

    def _fill(self, status: int, title: str, content: str, *headers: tuple[str, str]) -> Response:
        page = self._template.substitute(
            status="" if status == 200 else status, title=escape(title), content=content
        )
        return Response(status, (*_HEADERS, *headers), page.encode())
