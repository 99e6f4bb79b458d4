"""Action of YOURLS that makes a short URL: `shorturl`."""

import re
import unicodedata
from http import HTTPStatus
from typing import Any

import falcon

from app.console.yourls.answer import Answer
from app.console.yourls.asked import Asked, Shelf, time_of, title_of
from app.console.yourls.counts import Counts
from app.links.link import CodeTaken, Link
from app.links.making import make
from app.links.precondition import Precondition
from app.links.unique import make_once
from app.links.validation import MAX_TITLE, InvalidLink
from app.stores.clickhouse.connection import ClickHouseError

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)
#: As YOURLS cuts a URL in what it says.
_SHOWN, _DOTS = 60, "[...]"


class Shortening:
    """Makes short URLs.

    A message that says what was wrong with a URL or a keyword goes on where YOURLS' own ends; the
    code beside it is what programs read.

    Args:
        is_unique: whether a URL that has a short one gets that again.
    """

    def __init__(self, shelf: Shelf, counts: Counts, *, is_unique: bool) -> None:
        self._shelf = shelf
        self._counts = counts
        self._is_unique = is_unique

    def shorten(self, asked: Asked) -> Answer:
        """Make a link that carries the tags which who asks is restricted to."""
        url, keyword = _with_scheme(asked.text("url")), asked.text("keyword") or None
        if url in ("", "http://", "https://"):
            return _failed(400, "error:nourl", "Missing or malformed URL")
        if self._shelf.has(url):
            return _failed(400, "error:noloop", "URL is a short URL")
        try:
            link, is_new = self._make(asked, url, keyword)
        except InvalidLink as error:
            return _refused(error, keyword or "")
        except CodeTaken:
            text = f"Short URL {keyword} already exists in database or is reserved"
            return _failed(200, "error:keyword", text)
        return self._made(link) if is_new else self._found(link, asked)

    def _make(self, asked: Asked, url: str, keyword: str | None) -> tuple[Link, bool]:
        tags, store = asked.caller.tags, self._shelf.of(asked)
        options = {"target": url, "title": _title(asked.text("title")), "tags": list(tags)}
        # WordPress plugins say that they are some, and never want a second short URL of a post.
        if self._is_unique or asked.text("source") == "plugin":
            return make_once(store, options, code=keyword, only=Precondition(tags=tags))
        return make(store, store.draft(options, code=keyword), is_chosen=keyword is not None), True

    def _made(self, link: Link) -> Answer:
        said = f"{_trimmed(link.target)} added to database"
        return self._answer(link, {}, _created(link), "success", said)

    def _found(self, link: Link, asked: Asked) -> Answer:
        url = _created(link)
        try:
            url["clicks"] = str(self._counts.of(asked.req, [link.code])[link.code])
        except (ClickHouseError, falcon.HTTPServiceUnavailable):
            # Who wants a short URL gets it; a made-up number would be worse than none.
            url["clicks"] = ""
        said = f"{_trimmed(link.target)} already exists in database"
        return self._answer(link, {"code": "error:url"}, url, "fail", said)

    def _answer(
        self, link: Link, code: dict[str, str], url: dict[str, str], status: str, message: str
    ) -> Answer:
        short_url = self._shelf.short_url(link)
        fields: dict[str, Any] = {"url": url, "status": status, **code, "message": message}
        ends = {"title": title_of(link), "shorturl": short_url, "statusCode": 200}
        return Answer({**fields, **ends}, short_url)


def _failed(status: int, code: str, message: str) -> Answer:
    """Return an answer that no link was made; only a URL that is none is an error of HTTP."""
    name = "statusCode" if status == HTTPStatus.OK else "errorCode"
    return Answer({"status": "fail", "code": code, "message": message, name: status}, "")


def _refused(error: InvalidLink, keyword: str) -> Answer:
    if "code" in error.faults:
        return _failed(200, "error:keyword", f"Short URL {keyword}: {error.faults['code']}")
    return _failed(400, "error:nourl", f"Missing or malformed URL: {error}")


def _created(link: Link) -> dict[str, str]:
    return {
        "keyword": link.code,
        "url": link.target,
        "title": title_of(link),
        "date": time_of(link),
        "ip": "",
    }


def _with_scheme(url: str) -> str:
    """Return a URL with http:// where it has no scheme; a host with a port has none."""
    text = url.strip()
    return text if not text or _SCHEME.match(text) else f"http://{text}"


def _title(text: str) -> str:
    """Return a title as links have it: of one line, and not longer than that."""
    plain = (" " if unicodedata.category(each)[0] in "CZ" else each for each in text)
    return " ".join("".join(plain).split())[:MAX_TITLE].strip()


def _trimmed(url: str) -> str:
    return url if len(url) <= _SHOWN else url[: _SHOWN - len(_DOTS)] + _DOTS
