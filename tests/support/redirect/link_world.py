"""Links of every kind behind the redirect that Falcon serves, without a server."""

from dataclasses import dataclass
from urllib.parse import unquote

from falcon import testing
from prometheus_client import CollectorRegistry

from app.clicks.click import from_fields
from app.links.link import Link
from app.metrics.redirect import RedirectMetrics
from app.redirect.link_resource import Collaborators
from app.redirect.links.answers import UNKNOWN, LookupUnavailable
from app.redirect.pages import Pages
from app.redirect.response import Response
from app.redirect.visits.click_ids import VisitIds
from app.redirect.visits.client_address import ClientAddress
from app.redirect.visits.xadd_encoder import XaddEncoder
from app.redirect.well_known import Readiness
from app.redirect.wsgi import create_app
from tests.support.redirect.commands import entry_of

NOW = 1_800_000_000


def link(code: str, **terms: object) -> Link:
    given = {"target": f"https://a.example/{code}", "created_ms": 1, "updated_ms": 1, **terms}
    return Link(code=code, **given)


LINKS = {
    each.code: each
    for each in (
        link("live"),
        link("later", expires_at=NOW + 1),
        link("permanent", status=301, cache_control="public, max-age=60"),
        link("query", forward_query=True),
        link("limited", click_limit=1),
        link("expired", expires_at=NOW),
        link("disabled", disabled=True),
        link("deleted", deleted=True, target=""),
    )
}


class FakeLookup:
    def __init__(self) -> None:
        self.is_away = False
        self.asked: list[str] = []

    def get(self, code: str):
        self.asked.append(code)
        if self.is_away:
            raise LookupUnavailable("Redis is away")
        if code == "broken":
            raise RuntimeError("a fault of ours")
        return LINKS.get(code, UNKNOWN)


class FakeClickLimits:
    def __init__(self) -> None:
        self.known = {}

    def spend(self, _link, limit, click_id):
        self.known.setdefault(click_id, len(self.known) + 1)
        return self.known[click_id] <= limit

    def are_left(self, _link, limit):
        return len(self.known) < limit


class FakeRecorder:
    def __init__(self) -> None:
        self.clicks: list = []

    def record_and_wait(self, command):
        click = from_fields(b"1-1", entry_of(command))
        self.clicks.append(click)


@dataclass
class Result:
    status_code: int
    headers: dict[str, str]
    text: str


class World:
    def __init__(self) -> None:
        self.lookup, self.recorder = FakeLookup(), FakeRecorder()
        self.click_limits = FakeClickLimits()
        self.registry = CollectorRegistry()
        self.readiness = Readiness(
            redis_fault="", hears_changes=True, links=0, spool_fault="", instance="one"
        )
        collaborators = Collaborators(
            lookup=self.lookup,
            click_limits=self.click_limits,
            recorder=self.recorder,
            encoder=XaddEncoder("clicks:stream", 1000),
            pages=Pages(),
            client_address=ClientAddress(("10.0.0.0/8",)),
            is_bot=lambda user_agent: b"bot" in user_agent,
            wall_clock=lambda: NOW,
            visit_ids=VisitIds(("10.0.0.0/8",)),
        )
        self.app = create_app(collaborators, RedirectMetrics(self.registry), self._ready)

    def _ready(self) -> Response:
        return self.readiness.response()

    def get(self, path: str, **headers: str) -> Result:
        return self.ask("GET", path, **headers)

    def ask(self, method: str, path: str, **headers: str) -> Result:
        # Without falcon's client, whose validator wants a Content-Type even where no content is.
        path, _, query = path.partition("?")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        environ = testing.create_environ("/", query_string=query, headers=named)
        environ |= {
            "REMOTE_ADDR": "10.0.0.1",
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote(path, "latin-1"),
        }
        start = testing.StartResponseMock()
        body = b"".join(self.app(environ, start))
        return Result(int(start.status[:3]), dict(start.headers), body.decode())
