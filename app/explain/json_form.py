"""JSON form of a click's account, for programs, and of its row."""

from datetime import UTC, datetime
from typing import Any

from app.clicks.rows import Rows
from app.explain.account import Account, Answer, newest, told
from app.explain.traces import Traces
from app.times import rfc3339


def to_json(account: Account, traces: Traces, now_ms: int) -> dict[str, Any]:
    """Return a JSON object of stable form; what isn't known is null."""
    return {
        "click_id": account.click_id.hex(),
        "state": traces.state,
        "source": account.source,
        "fault": account.fault or None,
        "came_in": account.came_in,
        "stages": [
            {
                "stage": one.name,
                "time": rfc3339(one.at_ms) if one.at_ms else None,
                "note": one.note,
            }
            for one in account.stages
        ],
        "steps": {one.column: _pair(one) for one in account.steps},
        "rules": [one._asdict() for one in account.rules],
        "versions": {one.column: _pair(one) for one in account.versions},
        "geo_days": {
            which: geo_days(getattr(account.versions[-1], which), now_ms)
            for which in ("stored", "today")
        },
        "forgotten": account.forgotten,
        "rows": len(traces.rows.click_id),
        "clickhouse": str(traces.store_fault) if traces.store_fault else None,
    }


def row_json(rows: Rows) -> dict[str, Any] | None:
    """Return a click's newest row by its columns, as texts; None without any."""
    row = newest(rows)
    if row is None:
        return None
    texts: dict[str, Any] = {name: told(row, name) for name in Rows._fields}
    times = {name: rfc3339(getattr(row, name)[0]) for name in ("time", "enriched_at")}
    ids = {"click_id": row.click_id[0].hex(), "visitor_id": str(row.visitor_id[0])}
    return {**texts, **times, **ids, "is_bot": row.is_bot[0]}


def _pair(answer: Answer) -> dict[str, str | None]:
    return {"stored": answer.stored, "today": answer.today}


def geo_days(version: str | None, now_ms: int) -> int | None:
    """Return the age of the oldest database that a version names, in days; None without any."""
    ages = []
    for text in (version or "").split(", "):
        try:
            built = datetime.strptime(text.rpartition(" ")[2], "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            continue
        ages.append((now_ms // 1000 - int(built.timestamp())) // 86_400)
    return max(ages, default=None)
