"""Browser's side of a session: its cookie, the token that forms carry, and where to sign in."""

import hmac
import secrets
from urllib.parse import quote

import falcon

from app.console.pages.site.assets import PREFIX
from app.keys.sessions import IDLE_SECONDS

#: What a page of another site can't send: a browser adds it to requests of our own pages alone.
_COOKIE = "hopline_session"
SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
#: Before the code and secret of a report that is shared with everybody.
SHARED = "/shared/"
#: Before the kind of a problem, of which a page tells what is no secret.
_PROBLEMS = "/problems/"
#: Name of the field that every form carries.
FORM_TOKEN = "form_token"  # noqa: S105 - a name
_DIGEST_BYTES = 32
_SAFE = ("GET", "HEAD")
_API = ("/api/", "/-/", "/yourls-api.php", "/rest/")
#: Of the forms of who has no session; they are good as long as the console runs.
_SECRET = secrets.token_bytes(32)


def is_for_person(req: falcon.Request) -> bool:
    """Tell whether a request wants a page: a browser's of a path that is no program's."""
    return not req.path.startswith(_API) and "text/html" in (req.get_header("Accept") or "")


def is_open(path: str) -> bool:
    """Tell whether a path is there for who has not signed in."""
    return path == SIGN_IN or path.startswith((PREFIX, SHARED, _PROBLEMS))


def session_token(req: falcon.Request) -> str:
    """Return the cookie of a request's session, '' where it doesn't count.

    Beside pages a session opens what is read: a change by the interface takes a key, for only forms
    of pages carry what proves that they are ours.
    """
    is_read = req.method in _SAFE and req.path.startswith("/api/")
    if req.auth or (req.path.startswith(_API) and not is_read):
        return ""
    values = req.get_cookie_values(_COOKIE) or [""]
    return values[0]


def keep_session(req: falcon.Request, resp: falcon.Response, token: str) -> None:
    """Have a browser send a session's token from now on, with requests of our own pages alone."""
    resp.set_cookie(
        _COOKIE,
        token,
        max_age=IDLE_SECONDS,
        path="/",
        secure=_is_https(req),
        http_only=True,
        same_site="Strict",
    )


def forget_session(resp: falcon.Response) -> None:
    """Have a browser forget its session."""
    resp.unset_cookie(_COOKIE, same_site="Strict", path="/")


def form_token(req: falcon.Request) -> str:
    """Return what the forms of a page have to carry that this browser is shown.

    It is another each time, so that nothing is told by how well a page compresses (BREACH).
    """
    mask = secrets.token_bytes(_DIGEST_BYTES)
    return (mask + _xor(mask, _proof(req))).hex()


def is_own_form(req: falcon.Request, given: str) -> bool:
    """Tell whether a form's token is that of this browser's pages."""
    try:
        held = bytes.fromhex(given)
    except ValueError:
        return False
    mask, masked = held[:_DIGEST_BYTES], held[_DIGEST_BYTES:]
    return len(held) == 2 * _DIGEST_BYTES and hmac.compare_digest(_xor(mask, masked), _proof(req))


def _proof(req: falcon.Request) -> bytes:
    secret = session_token(req).encode("utf-8", "replace") or _SECRET
    return hmac.digest(secret, FORM_TOKEN.encode(), "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def sign_in_url(req: falcon.Request, why: str) -> str:
    """Return where who is turned away signs in, and comes back from.

    Args:
        why: the reason, one word.
    """
    wanted = req.relative_uri if req.method in _SAFE else "/"
    return f"{SIGN_IN}?why={why}&next={quote(wanted, safe='')}"


def _is_https(req: falcon.Request) -> bool:
    """Tell whether the browser speaks HTTPS, to us or to a proxy; who lies gets no cookie back."""
    forwarded = req.get_header("X-Forwarded-Proto") or ""
    return req.scheme == "https" or forwarded.split(",")[0].strip().lower() == "https"
