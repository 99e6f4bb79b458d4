"""Endpoints that tell how the installation fares, and what is wrong: /api/v1/system, /doctor."""

from collections.abc import Callable, Iterable
from typing import Annotated, ClassVar, Literal

import falcon
from pydantic import BaseModel, ConfigDict, Field

from app.console.api.openapi import Route
from app.console.api.operation import JsonObject, Operation, Operations
from app.console.api.problem import CHALLENGE
from app.console.api.report_limiter import ReportLimiter
from app.console.api.rights import Rights, caller_of
from app.health.check import Check, to_json
from app.health.system.system import UNTOLD, System

PATH = "/api/v1/system"
DOCTOR_PATH = f"{PATH}/doctor"
_STRICT = ConfigDict(extra="forbid")
_TIME = {"format": "date-time"}


class FreshnessView(BaseModel):
    """How long the clicks of the last five minutes took until reports saw them; 0 for none."""

    model_config = _STRICT

    p50_seconds: float | None
    p99_seconds: Annotated[float | None, Field(description="Null for more than is measured.")]
    promised_seconds: float


class LedgerView(BaseModel):
    """Whether every click was in its place when the workers last looked."""

    model_config = _STRICT

    state: Literal["ok", "warn", "fail"]
    text: str
    mend: str
    checked_at: Annotated[str | None, Field(json_schema_extra=_TIME)]
    missing_clicks: int | None
    uncounted_clicks: int | None
    missing_entries: int


class BucketView(BaseModel):
    """Answers that took longer than the bucket before, up to an edge; null for the rest."""

    model_config = _STRICT

    up_to_seconds: float | None
    answers: int


class WindowView(BaseModel):
    """How fast the budget was used up lately; 1 uses it up exactly, null without answers."""

    model_config = _STRICT

    window_seconds: int
    seen_seconds: Annotated[int, Field(description="Less after the console was started.")]
    answers: int
    slow: int
    burn_rate: float | None
    too_high_from: float
    is_too_high: bool


class BurnView(BaseModel):
    """The burn rate of the error budget, which is what is left of the objective to 1."""

    model_config = _STRICT

    objective: float
    is_too_high: Annotated[
        bool, Field(description="In 5 minutes and an hour both, or in 30 minutes and 6 hours.")
    ]
    windows: list[WindowView]


class RedirectView(BaseModel):
    """How quick redirects were since they were first counted on this host, and their clicks."""

    model_config = _STRICT

    budget_seconds: float
    answers: int
    within_budget: Annotated[float | None, Field(description="The share of them.")]
    p50_seconds: float | None
    p99_seconds: float | None
    buckets: list[BucketView]
    clicks: dict[str, int]
    burn: BurnView


class SpoolView(BaseModel):
    """Clicks that wait on this host's disk."""

    model_config = _STRICT

    clicks: int
    bytes: int
    oldest_seconds: float


class PlacesView(BaseModel):
    """A database of places, and when it was made; null where it can't be read."""

    model_config = _STRICT

    file: str
    made_at: Annotated[str | None, Field(json_schema_extra=_TIME)]


class DataView(BaseModel):
    """Versions of what clicks are enriched from."""

    model_config = _STRICT

    places: list[PlacesView]
    rules: dict[str, str | None]


class BacklogView(BaseModel):
    """What is left to do in a stream; unread is null where Redis can't tell."""

    model_config = _STRICT

    unread: int | None
    pending: int
    oldest_seconds: float | None


class ConsumerView(BaseModel):
    """What a consumer has read and not acked, and since when it holds the oldest of it."""

    model_config = _STRICT

    name: str
    pending: int
    oldest_seconds: float | None
    idle_seconds: float


class StreamView(BaseModel):
    """A stream of clicks and its group's consumers; backlog is null while no worker ever ran."""

    model_config = _STRICT

    stream: str
    backlog: BacklogView | None
    consumers: list[ConsumerView]


class MinuteView(BaseModel):
    """The clicks of a minute: accepted = the others but uncounted, each in one state."""

    model_config = _STRICT

    minute: Annotated[str, Field(json_schema_extra=_TIME)]
    accepted: int
    inserted: int
    dead: int
    pending: int
    unread: int
    spooled: int
    missing: int
    uncounted: int


class MinutesView(BaseModel):
    """The ledger of the last hour, as it was when it was looked at, some seconds ago."""

    model_config = _STRICT

    looked_at: Annotated[str, Field(json_schema_extra=_TIME)]
    since: Annotated[str, Field(json_schema_extra=_TIME)]
    is_balanced: bool
    minutes: list[MinuteView]


class CheckView(BaseModel):
    """A finding about one part, and what to do about it."""

    model_config = _STRICT

    name: str
    state: Literal["ok", "warn", "fail"]
    text: str
    mend: str


class DoctorView(BaseModel):
    """What `hopline doctor` finds as the console's user, up to half a minute ago."""

    model_config = _STRICT

    looked_at: Annotated[str, Field(json_schema_extra=_TIME)]
    healthy: bool
    checks: list[CheckView]


class AwayView(BaseModel):
    """A part that doesn't tell how it fares, and why."""

    model_config = _STRICT

    part: str
    detail: str


class SystemView(BaseModel):
    """How the installation fares; what can't be told is null, and stands in ``away``."""

    model_config = _STRICT

    version: str
    checked_at: Annotated[str, Field(json_schema_extra=_TIME)]
    freshness: FreshnessView | None
    ledger: LedgerView | None
    workers: Annotated[
        list[JsonObject] | None, Field(description="As `hopline workers status --json` has them.")
    ]
    streams: list[StreamView] | None
    redirect: RedirectView | None
    spool: SpoolView | None
    dead_letters: int | None
    data: DataView
    ledger_minutes: MinutesView | None
    doctor: DoctorView | None
    away: list[AwayView]


class ExaminationView(BaseModel):
    """What `hopline doctor` finds now as the console's user; healthy without a failure."""

    model_config = _STRICT

    healthy: bool
    checks: list[CheckView]


SYSTEM: Operations = {"GET": Operation(answers={200: SystemView})}
DOCTOR: Operations = {"GET": Operation(answers={200: ExaminationView})}


def system_routes(system: System) -> list[Route]:
    """Return the route that tells how the installation fares."""
    return [Route(PATH, Fares(system), SYSTEM)]


def doctor_route(examined: Callable[[], Iterable[Check]], limiter: ReportLimiter) -> Route:
    """Return the route that tells what is wrong; see :class:`Doctor`."""
    return Route(DOCTOR_PATH, Doctor(examined, limiter), DOCTOR)


class Fares:
    """Answers with how the installation fares."""

    rights: ClassVar[Rights] = {"GET": "system:read"}

    def __init__(self, system: System) -> None:
        self._system = system

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tell how fresh reports are, whether every click is in its place, and who works."""
        resp.media = self._system.look(caller_of(req))

    on_head = on_get


class Doctor:
    """Answers with what is wrong with the installation; who asks at once shares an examination.

    Args:
        examined: yields findings about every part.
        limiter: of what takes as long as a report.
    """

    rights: ClassVar[Rights] = {"GET": "system:read"}

    def __init__(self, examined: Callable[[], Iterable[Check]], limiter: ReportLimiter) -> None:
        self._examined = examined
        self._limiter = limiter

    def is_costly(self, _: falcon.Request) -> bool:
        """Tell that every request takes as much as a report."""
        return True

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tell what is wrong, and how to mend it.

        Raises:
            falcon.HTTPUnauthorized: something of this machine asks for whoever that may be.
        """
        if not caller_of(req).is_known:
            raise falcon.HTTPUnauthorized(description=f"{UNTOLD}.", challenges=[CHALLENGE])
        resp.media = self._limiter.answer(req, DOCTOR_PATH, lambda: to_json(self._examined()))

    on_head = on_get
