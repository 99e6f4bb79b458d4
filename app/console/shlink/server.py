"""What Shlink tells of an installation: its health, its domain, and that it has no Mercure hub."""

from typing import ClassVar

import falcon
import orjson

from app.console.api.rights import Rights
from app.console.shlink.protocol.bodies import read_body
from app.console.shlink.protocol.problems import InvalidData, ShlinkProblem
from app.console.shlink.speaking import Speaking
from app.stores.redis.errors import RedisError

#: The release of Shlink whose interface this is: clients choose by it what they ask.
SHLINK_VERSION = "4.6.0"
#: As draft-inadarei-api-health-check has it.
_HEALTH_TYPE = "application/health+json"
#: Where visitors of nothing would be sent, which none are.
_REDIRECTS = ("baseUrlRedirect", "regular404Redirect", "invalidShortUrlRedirect")
_NO_REDIRECTS = dict.fromkeys(_REDIRECTS)


class Health(Speaking):
    """Tells whether short URLs are served."""

    rights: ClassVar[Rights] = {"GET": None}

    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        """Tell it."""
        is_well = True
        try:
            self.links.ping()
        except RedisError:
            is_well = False
            resp.status = falcon.HTTP_503
        resp.data = orjson.dumps(
            {
                "status": "pass" if is_well else "fail",
                "version": SHLINK_VERSION,
                "description": "Hopline, by Shlink's interface",
            }
        )
        resp.content_type = _HEALTH_TYPE

    on_head = on_get


class Domains(Speaking):
    """The domain of short URLs."""

    rights: ClassVar[Rights] = {"GET": "links:read"}

    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        """List the one that there is."""
        only = {"domain": self.authority, "isDefault": True, "redirects": _NO_REDIRECTS}
        resp.media = {"domains": {"data": [only], "defaultRedirects": _NO_REDIRECTS}}

    on_head = on_get


class DomainRedirects(Speaking):
    """Where visitors of what is no short URL are sent: nowhere, they see a page that says so."""

    rights: ClassVar[Rights] = {"PATCH": "admin"}

    def on_patch(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Take none for what they are, and refuse others."""
        body = read_body(req)
        faults = {
            name: "visitors of what is no short URL see a page that says so"
            for name in _REDIRECTS
            if body.get(name) is not None
        }
        if not body.get("domain") or not self.is_ours(body["domain"]):
            faults["domain"] = f"there is {self.authority} alone"
        if faults:
            raise InvalidData(faults)
        resp.media = _NO_REDIRECTS


class MercureInfo:
    """Where live updates would be had, by a protocol that isn't spoken here."""

    rights: ClassVar[Rights] = {"GET": "links:read"}

    def on_get(self, _: falcon.Request, _resp: falcon.Response) -> None:
        """Tell that there is none, as Shlink does without a hub."""
        raise ShlinkProblem(
            "mercure-not-configured", "This instance is not integrated with a mercure hub."
        )

    on_head = on_get
