"""Endpoint that tells how the installation fares: GET /api/v1/system."""

from typing import Annotated, ClassVar, Literal

import falcon
from pydantic import BaseModel, ConfigDict, Field

from app.console.api.openapi import Route
from app.console.api.operation import JsonObject, Operation, Operations
from app.console.api.rights import Rights
from app.health.system.system import System

PATH = "/api/v1/system"
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
    redirect: RedirectView | None
    spool: SpoolView | None
    dead_letters: int | None
    data: DataView
    away: list[AwayView]


SYSTEM: Operations = {"GET": Operation(answers={200: SystemView})}


def system_routes(system: System) -> list[Route]:
    """Return the route that tells how the installation fares."""
    return [Route(PATH, Fares(system), SYSTEM)]


class Fares:
    """Answers with how the installation fares."""

    rights: ClassVar[Rights] = {"GET": "system:read"}

    def __init__(self, system: System) -> None:
        self._system = system

    def on_get(self, _: falcon.Request, resp: falcon.Response) -> None:
        """Tell how fresh reports are, whether every click is in its place, and who works."""
        resp.media = self._system.look()

    on_head = on_get
