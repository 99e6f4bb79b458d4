"""Page of the API keys: who may ask for what, and when they last did."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import falcon

from app.console.api.rights import Rights, author_of
from app.console.pages.links.making import VIA
from app.console.pages.site.address import Address
from app.console.pages.site.rendering import Site, see_other
from app.keys.caller import SCOPES, Scope
from app.keys.json import describe
from app.keys.store import InvalidKey, KeyContended, KeyNotFound, KeyRevoked, KeyStore
from app.links.validation import NOTHING, InvalidLink, read_tag

PATH = "/keys"


class KeysPage:
    """Lists keys, adds them and revokes them; a secret is shown once."""

    rights: ClassVar[Rights] = {"GET": "admin", "POST": "admin"}

    def __init__(self, site: Site, keys: KeyStore) -> None:
        self._site = site
        self._keys = keys

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer GET."""
        self._show(req, resp)

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Add a key, or revoke one.

        Raises:
            falcon.HTTPSeeOther: it is revoked.
        """
        fields = self._site.form(req)
        keys = self._keys.by(author_of(req, VIA))
        if revoked := "".join(fields.get("revoke", [""])[:1]):
            raise see_other(Address(PATH).with_(done=_revoke(keys, revoked)))
        name = "".join(fields.get("name", [""])[:1]).strip()
        scopes = fields.get("scope", [])
        try:
            _, credential = keys.add(name, _read_scopes(scopes), tags=_read_tags(fields))
        except (InvalidLink, InvalidKey) as error:
            resp.status = falcon.HTTP_422
            self._show(req, resp, faults=error.faults, name=name, chosen=scopes)
            return
        # No address and no history holds it.
        self._show(req, resp, secret=credential.text, name=name)

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        *,
        faults: Mapping[str, str] = NOTHING,
        **given: Any,
    ) -> None:
        used_at, now = self._keys.used_at(), self._site.clock()
        values: dict[str, Any] = {
            "keys": [describe(key, used_at, now) for key in self._keys.all()],
            "scopes": SCOPES,
            "secret": given.get("secret", ""),
            "name": given.get("name", ""),
            "chosen": given.get("chosen", ()),
            "faults": faults,
            "done": Address.read(PATH, req.query_string).first("done"),
        }
        self._site.show(req, resp, "keys.html", **values)


def _read_scopes(texts: Sequence[str]) -> list[Scope]:
    """Return the scopes that boxes stand for.

    Raises:
        InvalidKey: one is none.
    """
    known = [scope for scope in SCOPES if scope in texts]
    if unknown := sorted({*texts} - {*known}):
        raise InvalidKey({"scopes": f"{unknown[0]!r} is none of {', '.join(SCOPES)}"})
    return known


def _read_tags(fields: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the tags of a form, as links carry them.

    Raises:
        InvalidLink: no link can carry one.
    """
    parts = "".join(fields.get("tags", [""])[:1]).split(",")
    return [read_tag(part) for part in parts if part.strip()]


def _revoke(keys: KeyStore, key_id: str) -> str:
    """Revoke a key, and return what to say."""
    try:
        key = keys.revoke(key_id)
    except (KeyNotFound, KeyRevoked, KeyContended) as error:
        return f"Not revoked: {error}."
    return f"{key.name} was revoked: it opens nothing any more, here or anywhere."
