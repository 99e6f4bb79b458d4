"""Pages that sign people in with a key, and out."""

from typing import ClassVar

import falcon

from app.console.api.rights import Rights
from app.console.pages.site.address import Address
from app.console.pages.site.browser import forget_session, keep_session, session_token
from app.console.pages.site.rendering import Site, see_other
from app.keys.authenticator import Authenticator, Unauthorized
from app.keys.sessions import Sessions

#: Why somebody was turned away, said to them.
_WHY = {
    "missing": "",
    "unknown": "What you signed in with opens nothing any more.",
    "expired": "The key that you signed in with has expired.",
    "revoked": "The key that you signed in with was revoked.",
    "out": "You are signed out.",
}


class SignIn:
    """Signs in who has a key, or the console's token."""

    rights: ClassVar[Rights] = {"GET": None, "POST": None}

    def __init__(self, site: Site, authenticator: Authenticator, sessions: Sessions) -> None:
        self._site = site
        self._authenticator = authenticator
        self._sessions = sessions

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        address = Address.read(req.path, req.query_string)
        self._show(req, resp, address.first("next", "/"), _WHY.get(address.first("why"), ""))

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Begin a session.

        Raises:
            falcon.HTTPSeeOther: it has begun.
        """
        fields = self._site.form(req)
        key, wanted = ("".join(fields.get(name, [""])[:1]) for name in ("key", "next"))
        try:
            session = self._authenticator.sign_in(key.strip())
        except Unauthorized as error:
            req.context.refusal = error.reason
            resp.status = falcon.HTTP_401
            text = str(error) if error.reason != "missing" else "Paste a key first."
            self._show(req, resp, wanted, text)
            return
        # A browser has one session: what it was signed in with before opens nothing any more.
        self._sessions.end(session_token(req))
        keep_session(req, resp, self._sessions.begin(session))
        raise see_other(_own_path(wanted))

    def _show(self, req: falcon.Request, resp: falcon.Response, wanted: str, fault: str) -> None:
        is_open = self._authenticator.is_open_here()
        self._site.show(
            req, resp, "sign_in.html", wanted=_own_path(wanted), fault=fault, is_open=is_open
        )


class SignOut:
    """Ends a session, wherever its cookie has got to."""

    rights: ClassVar[Rights] = {"POST": None}

    def __init__(self, site: Site, sessions: Sessions) -> None:
        self._site = site
        self._sessions = sessions

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End it.

        Raises:
            falcon.HTTPSeeOther: it has ended.
        """
        self._site.form(req)
        self._sessions.end(session_token(req))
        forget_session(resp)
        raise see_other("/sign-in?why=out")


def _own_path(wanted: str) -> str:
    """Return where somebody wanted to go, if that is a page of ours."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_ours and wanted.isprintable() and wanted.isascii() else "/"
