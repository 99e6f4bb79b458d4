"""Endpoint that explains one click: GET /api/v1/clicks/{id}."""

import time
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

import falcon
from pydantic import BaseModel, ConfigDict, Field

from app.audit.spool import SpoolUnreadable
from app.clicks.click import InvalidClick, from_fields
from app.config.settings import Settings
from app.console.api.clicks.listing import PATH as CLICKS_PATH
from app.console.api.operation import Operation, Operations, Parameter
from app.console.api.problem import InvalidParameter, Problem
from app.console.api.report_limiter import ReportLimiter
from app.console.api.rights import Rights, caller_of
from app.explain.account import make_account
from app.explain.asked import Asked, read_asked
from app.explain.json_form import row_json, to_json
from app.explain.kept import kept_fields
from app.explain.traces import State, Traces
from app.explain.tracing import not_found
from app.links.link import LinkNotFound
from app.links.store import LinkStore
from app.verdicts.modes import read_modes

PATH = f"{CLICKS_PATH}/{{click_id}}"


class StageView(BaseModel):
    """A step of the click's way, null where its time isn't known."""

    stage: str
    time: str | None
    note: str


class RuleView(BaseModel):
    """A rule of verdicts, and what it said when the row was made; null without a row."""

    rule: str
    kind: str
    version: int
    mode: str
    stored: bool | None


class Explanation(BaseModel):
    """All that is known of a click; no more of its visitor than the row keeps."""

    model_config = ConfigDict(extra="forbid")

    click_id: str
    state: Annotated[
        State,
        Field(description="Where it is: in the stream unread or pending, stored, dead, …"),
    ]
    source: Annotated[str, Field(description="What came_in is from.")]
    fault: Annotated[str | None, Field(description="Why what came in is no click.")]
    came_in: dict[str, str]
    stages: list[StageView]
    row: Annotated[
        dict[str, Any] | None, Field(description="As it is stored, with verdict and reasons.")
    ]
    rows: Annotated[int, Field(description="How often it is stored, older rows among them.")]
    rules: list[RuleView]
    versions: Annotated[
        dict[str, str | None], Field(description="Of the rules and data that the row is made by.")
    ]
    forgotten: list[str]
    is_clickhouse_away: Annotated[bool, Field(description="Then row and rows can't be told.")]


EXPLAIN: Operations = {
    "GET": Operation(
        parameters=(
            Parameter(
                "click_id",
                "path",
                "The click's id in 32 hexadecimal digits, with dashes or without; its id in the"
                " stream, or that of its dead letter.",
            ),
        ),
        answers={200: Explanation},
        problems=("invalid-parameter", "click-not-found"),
    )
}


class ExplainedClick:
    """Tells what is known of a click.

    Args:
        trace: finds what is left of it.
        limiter: of questions to the stores.
    """

    rights: ClassVar[Rights] = {"GET": "clicks:read"}

    def __init__(
        self,
        settings: Settings,
        links: LinkStore,
        limiter: ReportLimiter,
        trace: Callable[[Settings, Asked], Traces],
    ) -> None:
        self._settings = settings
        self._links = links
        self._limiter = limiter
        self._trace = trace
        self._modes = read_modes(settings.rules)

    def on_get(self, req: falcon.Request, resp: falcon.Response, click_id: str) -> None:
        """Explain a click: where it is, what came in, what each rule said, what was forgotten."""
        for name in req.params:
            raise InvalidParameter(name, "there are none")
        resp.media = self.told(req, click_id)

    on_head = on_get

    def told(self, req: falcon.Request, click_id: str) -> dict[str, Any]:
        """Return what is known of a click, as far as whoever asks may see it.

        Raises:
            InvalidParameter: that is no click's id.
            Problem: nothing is left of it, or nothing that the caller may see.
            falcon.HTTPServiceUnavailable: too many ask, or the spool can't be read.
            ClickHouseError, RedisUnavailable, RedisRefused: a store doesn't do its part.
        """
        try:
            asked = read_asked(click_id)
        except ValueError as error:
            raise InvalidParameter("click_id", str(error)) from None
        try:
            traces = self._limiter.answer(
                req, (PATH, asked), lambda: self._trace(self._settings, asked)
            )
        except SpoolUnreadable:
            raise falcon.HTTPServiceUnavailable(
                description="This host's spool can't be read: see `hopline doctor`."
            ) from None
        if not traces.is_found and traces.store_fault:
            raise traces.store_fault
        now_ms = time.time_ns() // 1_000_000
        if not traces.is_found or not self._is_seen(req, traces):
            raise Problem("click-not-found", self._nothing(req, click_id, asked, traces, now_ms))
        return self._told(traces, now_ms)

    def _is_seen(self, req: falcon.Request, traces: Traces) -> bool:
        """Tell whether the caller may see the click's link."""
        caller = caller_of(req)
        if not caller.tags:
            return True
        try:
            code = traces.short_code
            return code is not None and caller.sees(self._links.get(code).tags)
        except LinkNotFound:
            return False

    def _nothing(
        self, req: falcon.Request, text: str, asked: Asked, traces: Traces, now_ms: int
    ) -> str:
        if caller_of(req).tags:
            return "Nothing that this key may see is left of the click, if there was one."
        return not_found(text, asked, traces, self._settings.click_ttl_days, now_ms)

    def _told(self, traces: Traces, now_ms: int) -> dict[str, Any]:
        account = make_account(traces, self._modes)
        told = to_json(account, traces, now_ms)
        came_in, fault = self._came_in(traces, account.came_in)
        names = ("click_id", "state", "source", "stages", "forgotten", "rows")
        return {
            **{name: told[name] for name in names},
            "came_in": came_in,
            "fault": fault,
            "row": row_json(traces.rows),
            "rules": [
                {name: rule[name] for name in RuleView.model_fields} for rule in told["rules"]
            ],
            "versions": {name: pair["stored"] for name, pair in told["versions"].items()},
            "is_clickhouse_away": traces.store_fault is not None,
        }

    def _came_in(self, traces: Traces, of_row: dict[str, str]) -> tuple[dict[str, str], str | None]:
        """Return what came in, as far as others may see it, and why it is no click."""
        if traces.entered is None:
            return of_row, None
        try:
            click = from_fields(traces.entered.entry_id, traces.entered.fields)
        except InvalidClick as error:
            # Of what nobody has understood nobody knows what may be shown.
            return {}, str(error)
        return kept_fields(click, self._settings.store_addresses), None
