"""Budget that says what each route may cost a visitor. To change it, edit the tables alone."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from loadtest.common.latencies import Latencies
from loadtest.common.measurements import Route

#: Stands for the answers of all routes that redirect, together.
EVERY_REDIRECT = "every redirect"
#: Stands for how late the load generator itself may be: past it a run is void, not broken.
GENERATOR = "the load generator"
#: The routes that redirect.
REDIRECTS = frozenset(
    (
        "GET /{hot}",
        "GET /{tail}",
        "GET /{mixed}",
        "GET /{viral}",
        "GET /{new}",
        "GET /{bot}",
        "HEAD /{hot}",
    )
)


class Limits(NamedTuple):
    """What a route may take, in milliseconds; None for no limit.

    Attributes:
        error_share: most errors among the requests, 0 to 1.
        min_requests: below it the percentiles say nothing, and the verdict is void.
    """

    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None
    max_ms: float | None = None
    error_share: float = 0.0
    min_requests: int = 0


#: A route, or a pattern of routes, to its limits; the first that fits counts.
Table = Mapping[str, Limits]


class Budget(NamedTuple):
    """What decides whether a run was met, and what is told beside it.

    Attributes:
        decides: the limits in words, for whoever reads the verdict.
        limits: past one of them the run is broken.
        goals: name to tighter limits; a goal that was missed is said and changes no verdict.
    """

    decides: str
    limits: Table
    goals: Mapping[str, Table] = {}


_PROMISE = "the promise: every redirect under 50 ms at p99.9, and no errors"
#: What a machine that does nothing else manages; a busy one needn't.
_QUIET_MACHINE = {
    EVERY_REDIRECT: Limits(p50_ms=5, p99_ms=10),
    "* /{*}": Limits(p99_ms=10, p999_ms=50),
}

BUDGETS: dict[str, Budget] = {
    "default": Budget(
        _PROMISE,
        {
            GENERATOR: Limits(p99_ms=10),
            EVERY_REDIRECT: Limits(p999_ms=50, min_requests=5000),
            # Of 200 requests p99.9 would be the slowest alone.
            "* /{*}": Limits(p99_ms=50, min_requests=200),
        },
        {"a quiet machine": _QUIET_MACHINE},
    ),
    "quiet": Budget(
        "the promise, and what a quiet machine manages: p50 5 ms, p99 10 ms",
        {
            GENERATOR: Limits(p99_ms=5),
            EVERY_REDIRECT: Limits(p50_ms=5, p99_ms=10, p999_ms=50, min_requests=5000),
            "* /{*}": Limits(p99_ms=10, p999_ms=50, min_requests=200),
        },
    ),
    # While something is broken on the same two cores: no tail but the promised one.
    "faults": Budget(
        _PROMISE,
        {
            GENERATOR: Limits(p99_ms=10),
            EVERY_REDIRECT: Limits(p999_ms=50, min_requests=1000),
            "* /{*}": Limits(p999_ms=50, min_requests=20),
        },
    ),
    # For a noisy machine with two cores, and runs of seconds: the middle tells a slow redirect
    # from a fast one whatever the neighbours do, and no error is excused.
    "ci": Budget(
        "what a run of seconds on a noisy machine can tell: the middle, and errors",
        {
            GENERATOR: Limits(p99_ms=100),
            EVERY_REDIRECT: Limits(p50_ms=40, p95_ms=400, min_requests=150),
            "* /{*}": Limits(p50_ms=50),
        },
        {"the promise": {EVERY_REDIRECT: Limits(p999_ms=50)}},
    ),
}


class Line(NamedTuple):
    """One limit and what was measured.

    Attributes:
        measure: e.g. ``p99``, ``errors``, ``requests``.
        unit: ``ms``, ``%`` or empty.
        goal: which goal the limit is part of; empty for one that decides.
    """

    route: str
    measure: str
    unit: str
    limit: float
    measured: float
    is_kept: bool
    goal: str = ""

    def __str__(self) -> str:
        unit = self.unit and f" {self.unit}"
        said = f"{self.route}: {self.measure} {number(self.measured)}{unit}"
        if self.goal:
            return f"{self.goal}: {said}, {number(self.limit)}{unit} was the goal"
        if self.measure == "requests":
            return f"{said}, at least {number(self.limit)} needed"
        return f"{said}, at most {number(self.limit)}{unit} is allowed"


def number(value: float) -> str:
    """Return four digits at least, and never a power of ten."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


_PERCENTILES = (("p50", 50.0), ("p95", 95.0), ("p99", 99.0), ("p999", 99.9), ("max", 100.0))


def check(routes: Mapping[str, Route], budget: Budget) -> list[Line]:
    """Compare every route that was asked for with its limits, and with goals; return each line."""
    lines = compare_all(routes, budget.limits)
    for goal, table in budget.goals.items():
        found = compare_all(routes, table)
        # Errors are no matter of goals: none is excused anywhere.
        lines += [line._replace(goal=goal) for line in found if line.unit == "ms"]
    return lines


def compare_all(routes: Mapping[str, Route], table: Table) -> list[Line]:
    """Compare every route that was asked for with its row of a table."""
    lines = []
    if EVERY_REDIRECT in table:
        lines += compare(EVERY_REDIRECT, every_redirect(routes), table[EVERY_REDIRECT])
    for name, route in sorted(routes.items()):
        if limits := _limits(name, table):
            lines += compare(name, route, limits)
    return lines


def compare(name: str, route: Route, limits: Limits) -> list[Line]:
    """Compare one route with its limits."""
    lines = []
    if limits.min_requests:
        enough = route.requests >= limits.min_requests
        lines.append(Line(name, "requests", "", limits.min_requests, route.requests, enough))
    for measure, percent in _PERCENTILES:
        limit = getattr(limits, f"{measure}_ms")
        if limit is not None:
            ms = route.latencies.at(percent)
            shown = measure.replace("p999", "p99.9")
            lines.append(Line(name, shown, "ms", limit, ms, ms <= limit))
    share = route.error_share
    kept = share <= limits.error_share
    return [*lines, Line(name, "errors", "%", limits.error_share * 100, share * 100, kept)]


def every_redirect(routes: Mapping[str, Route]) -> Route:
    """Return the routes that redirect as one."""
    redirecting = [route for name, route in routes.items() if name in REDIRECTS]
    every = Route(Latencies.merged(*(route.latencies for route in redirecting)))
    for route in redirecting:
        every.errors.update(route.errors)
    return every


def _limits(name: str, table: Table) -> Limits | None:
    for pattern, limits in table.items():
        if fnmatchcase(name, pattern):
            return limits
    return None
