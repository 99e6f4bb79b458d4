"""Part of a statement that adds up quarters of an hour: totals, timeline, and links by name."""

from app.reports.conditions import Parameters, milliseconds
from app.reports.period import Period
from app.reports.plan import Plan
from app.reports.statement.columns import (
    NOTHING,
    PART,
    added,
    bucket_aliases,
    named,
    period_aliases,
)
from app.reports.statement.selection import selected
from app.reports.sums.division import DAY_MS, Division, valued
from app.reports.sums.kinds import kinds_kept
from app.stores.scripts import query as text_of

_TIME_MS = "toInt64(toUnixTimestamp(time)) * 1000"
#: Columns that figures of whole days are sums of; of bots, nobody is told apart.
_COLUMNS = {
    "humans": "humans",
    "bots": "toUInt64(clicks - humans)",
    "visitors": "visitors_first_of_day",
}
_DAY_MS = f"intDiv({_TIME_MS}, {DAY_MS}) * {DAY_MS}"


def totals_part(plan: Plan, parameters: Parameters, division: Division) -> str:
    """Return the part that adds up the quarters of the days that sums answer."""
    aliases = bucket_aliases(plan, parameters, _TIME_MS)
    links = [key for key in plan.values if key not in valued(plan) and not plan.is_led]
    grouped = (*plan.times, *links)
    sets = [(key,) for key in grouped] + ([grouped] if plan.is_crossed else [])
    values = {key: "short_code" if key in links else "''" for key in plan.values}
    return text_of(
        "app.reports",
        "totals",
        aliases=named(aliases | values),
        panel=_panel(plan, grouped),
        keys=", ".join(plan.keys),
        figures=named({name: _figure(plan, name) for name in plan.figures}, PART),
        where=selected(plan, parameters, division.totals, "toDate(time)"),
        sets=", ".join(f"({', '.join(keys)})" for keys in sets),
    )


def links_part(plan: Plan, parameters: Parameters, division: Division) -> str:
    """Return the part that adds up the links that lead, by their names.

    Of whole days and of their beginnings: as many visitors as come for the first time of the day.
    """
    [link] = [key for key, by in plan.values.items() if by == "link"]
    days = {**division.values, **division.hours}
    aliases = {
        **period_aliases(plan, parameters),
        **dict.fromkeys(plan.times, "toInt64(0)"),
        **{key: "short_code" if key == link else "''" for key in plan.values},
    }
    return text_of(
        "app.reports",
        "links",
        aliases=named(aliases),
        panel=f"toUInt64({plan.panel(link)})",
        keys=", ".join(plan.keys),
        figures=named({name: _figure_of_days(plan, name) for name in plan.figures}, PART),
        where=selected(plan, parameters, days, "toDate(time)", plan.leading),
    )


def _panel(plan: Plan, grouped: tuple[str, ...]) -> str:
    """Return a panel's number among all, by that which it has among those that are grouped here."""
    everything = (1 << len(grouped)) - 1
    here = [everything, *(everything - (1 << at) for at in range(len(grouped)))]
    numbers = [plan.panel(""), *map(plan.panel, reversed(grouped))]
    return f"transform(toUInt64(grouping({', '.join(grouped)})), {here}, {numbers}, 0)"


def _figure(plan: Plan, name: str) -> str:
    if name.removesuffix("_before") == "visitors" and _is_kept(plan, name):
        return _visitors(plan, name)
    return _figure_of_days(plan, name)


def _figure_of_days(plan: Plan, name: str) -> str:
    if not _is_kept(plan, name):
        return NOTHING
    return added(plan, name, _COLUMNS[name.removesuffix("_before")])


def _is_kept(plan: Plan, name: str) -> bool:
    kind = name.removesuffix("_before")
    whose = "bot" if kind == "bots" else "person"
    return kind in _COLUMNS and whose in (kinds_kept(plan.query.filter) or ())


def _visitors(plan: Plan, name: str) -> str:
    """Return the visitors of a whole period, or of a bucket, whichever a row is about."""
    is_before = name.endswith("_before")
    period, bucket = (plan.before, "bucket_before") if is_before else (plan.period, "bucket")
    since = None if period is None else _since(period)
    start = bucket if since is None else f"greatest({bucket}, {since})"
    of_bucket = "visitors_first_of_hour" if plan.interval == "hour" else _of_part(start)
    of_period = "visitors_first_of_day" if since is None else _of_part(str(since))
    is_bucket = " OR ".join(f"grouping({key}) = 0" for key in plan.times)
    return f"if({is_bucket}, {added(plan, name, of_bucket)}, {added(plan, name, of_period)})"


def _of_part(start_ms: str) -> str:
    """Return the visitors of a quarter in a part of its day, by where that begins."""
    return f"if({start_ms} <= {_DAY_MS}, visitors_first_of_day, visitors_last_of_day)"


def _since(period: Period) -> int | None:
    return None if period.since is None else milliseconds(period.since)
