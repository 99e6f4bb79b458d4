"""Site that renders pages: their templates, and what all of them show."""

import gzip
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import falcon
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.console.api.body import read_form
from app.console.api.rights import caller_of
from app.console.pages.site import words
from app.console.pages.site.address import Address
from app.console.pages.site.assets import Assets, accepts_gzip
from app.console.pages.site.browser import FORM_TOKEN, SIGN_IN, SIGN_OUT, form_token, is_own_form
from app.console.pages.site.span import NAMES
from app.keys.caller import ANYBODY, NOBODY, Scope
from app.version import __version__

#: A page of 40 kB takes a millisecond.
_LEVEL = 5
_FOLDER = Path(__file__).parent.parent.parent / "templates"
#: Nothing comes from elsewhere, nothing stands in the page itself, and scripts make no markup of
#: texts but by the one policy that is named here (W3C Trusted Types).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none';"
    " require-trusted-types-for 'script'; trusted-types hopline"
)


@dataclass(frozen=True, slots=True)
class Tab:
    """A page that the head of every page leads to; ``key`` opens it from the keyboard."""

    path: str
    name: str
    scope: Scope


TABS = (
    Tab("/", "Overview", "stats:read"),
    Tab("/links", "Links", "links:read"),
    Tab("/live", "Live", "clicks:read"),
    Tab("/tags", "Tags", "stats:read"),
    Tab("/explore", "Explore", "stats:read"),
    Tab("/bots", "Bots", "stats:read"),
    Tab("/webhooks", "Webhooks", "webhooks"),
    Tab("/system", "System", "system:read"),
    Tab("/keys", "Keys", "admin"),
)


class Site:
    """Renders pages.

    Args:
        link_base: what stands before a code in a short URL.
        clock: Unix seconds.
    """

    def __init__(
        self, assets: Assets, link_base: str, clock: Callable[[], float] = time.time
    ) -> None:
        self.link_base = link_base
        self.clock = clock
        self._assets = assets
        self._templates = _templates()

    def now(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def show(
        self, req: falcon.Request, resp: falcon.Response, template: str, **values: object
    ) -> None:
        """Answer with a page.

        Args:
            values: what the template shows beside what all do.
        """
        text = self.render(req, template, **values)
        if accepts_gzip(req):
            resp.data = gzip.compress(text.encode(), _LEVEL, mtime=0)
            resp.set_header("Content-Encoding", "gzip")
        else:
            resp.text = text
        resp.content_type = falcon.MEDIA_HTML
        resp.context.content_security_policy = POLICY
        resp.append_header("Vary", "Accept, Accept-Encoding, Cookie")

    def render(self, req: falcon.Request, template: str, **values: object) -> str:
        """Return a page's markup; else as :meth:`show`."""
        caller = caller_of(req)
        address = Address.read(req.path, req.query_string)
        common: Mapping[str, Any] = {
            "asset": self._assets.url,
            "link_base": self.link_base,
            "address": address,
            "caller": caller,
            "may": caller.may,
            "is_open_here": caller is ANYBODY,
            "is_signed_in": caller is not ANYBODY and caller is not NOBODY,
            "form_token": form_token(req),
            "tabs": [(tab, address.only(NAMES, tab.path)) for tab in TABS if caller.may(tab.scope)],
            "sign_in": SIGN_IN,
            "sign_out": SIGN_OUT,
        }
        return self._templates.get_template(template).render({**common, **values})

    def form(self, req: falcon.Request) -> dict[str, list[str]]:
        """Return the fields of a form that one of our pages has sent.

        Raises:
            Problem: it is no form, or too large.
            falcon.HTTPForbidden: it was not this browser's page that sent it.
        """
        fields = read_form(req)
        self.require_own_form(req, "".join(fields.get(FORM_TOKEN, ())))
        return fields

    def require_own_form(self, req: falcon.Request, token: str) -> None:
        """Refuse a form that carries another token than this browser's pages.

        Raises:
            falcon.HTTPForbidden: it was not this browser's page that sent it.
        """
        if not is_own_form(req, token):
            req.context.refusal = "form"
            raise falcon.HTTPForbidden(
                title="The form is too old",
                description="This form is not one that this console has shown to you since it was"
                " started or you signed in. Go back, reload the page and send it again: what you"
                " wrote is still there.",
            )


@cache
def _templates() -> Environment:
    """Return the templates, all compiled at once: an upgrade changes the files of what still runs.

    That takes 0.2 s of a processor, so a process does it once.
    """
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(words.FILTERS)
    environment.globals.update(version=__version__, form_field=FORM_TOKEN)
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


def see_other(where: object) -> falcon.HTTPSeeOther:
    """Return what leads a browser on after a form was sent."""
    return falcon.HTTPSeeOther(str(where))
