"""Pages that say what went wrong, to people; programs get problem details."""

from collections.abc import Callable
from http import HTTPStatus

import falcon

from app.console.api.problem import KINDS, PATH, Problem
from app.console.pages.site.browser import is_for_person
from app.console.pages.site.rendering import Site

Write = Callable[[falcon.Request, falcon.Response, falcon.HTTPError], None]

#: What is said of a status, and what may help.
_WORDS = {
    403: ("You may not see this", "Ask whoever gave you your key for one that may."),
    404: ("There is nothing here", "The address may be mistyped, or what was here is gone."),
    405: ("This can't be done here", "Go back, and try it from the page itself."),
    410: ("The link was deleted", "Its code stays taken, so that no printed code leads elsewhere."),
    500: ("Something went wrong in the console", "Its log says what, by the request's name below."),
    503: ("Hopline can't answer right now", "Nothing is lost. Try again in a moment."),
}


class ErrorPages:
    """Writes errors; fits ``App.set_error_serializer``.

    Args:
        otherwise: writes those of programs.
    """

    def __init__(self, site: Site, otherwise: Write) -> None:
        self._site = site
        self._otherwise = otherwise

    def __call__(self, req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
        """Write one."""
        if not is_for_person(req):
            self._otherwise(req, resp, error)
            return
        phrase = HTTPStatus(error.status_code).phrase
        title, hint = _WORDS.get(error.status_code, (phrase, ""))
        if isinstance(error, Problem):
            title = KINDS[error.kind].title
        elif error.title and error.title != error.status:
            title, hint = error.title, ""
        self._site.show(
            req,
            resp,
            "error.html",
            status=error.status_code,
            title=title,
            detail=error.description or "",
            hint=hint,
            request_id=req.context.request_id,
        )


class ProblemPage:
    """Says what a kind of problem means, at the URL that its answers call its type."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def on_get(self, req: falcon.Request, resp: falcon.Response, kind: str) -> None:
        """Answer GET: people with a page, programs with JSON.

        Raises:
            falcon.HTTPNotFound: there is no such kind.
        """
        if kind not in KINDS:
            raise falcon.HTTPNotFound(description=f"There is no kind of problem {kind!r}.")
        told = KINDS[kind]
        if is_for_person(req):
            self._site.show(
                req,
                resp,
                "error.html",
                status=told.status,
                title=told.title,
                detail=told.meaning,
                hint="",
                request_id=req.context.request_id,
            )
            return
        resp.append_header("Vary", "Accept")
        resp.media = {
            "type": told.uri or PATH.format(kind=kind),
            "status": told.status,
            "title": told.title,
            "meaning": told.meaning,
        }

    on_head = on_get
