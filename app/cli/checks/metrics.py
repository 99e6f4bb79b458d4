"""Command that explains every metric: `hopline metrics`."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Annotated

import typer

from app.metrics.catalog import Described, describe
from app.terminal.options import AsJson
from app.terminal.output import print_json, print_table

_PAGE = """\
# Metrics

<!-- Made by `hopline metrics --markdown`; a test holds it equal to the code. -->

Each service shows the metrics of all its processes at `/-/metrics`, as Prometheus text or, to
whoever accepts it, as OpenMetrics. Never at the public address:

| service | where | setting |
|---|---|---|
| redirect | `http://127.0.0.1:9180/-/metrics` | `HOPLINE_REDIRECT_METRICS_BIND` |
| workers | `http://127.0.0.1:9181/-/metrics` | `HOPLINE_WORKERS_METRICS_BIND` |
| console | `http://127.0.0.1:8081/-/metrics` | `HOPLINE_CONSOLE_BIND`, which is private |

`off` shows none. Where other machines reach one of the ports, whoever reads has to send
`HOPLINE_METRICS_TOKEN` as a bearer token, or `HOPLINE_METRICS_OPEN=true` says that the network is
private; with neither nothing is shown there, and the log says so. The console's metrics need its
token where it has one, and the metrics' token opens them as well. Asked by a name that is neither
`localhost` nor one of `HOPLINE_METRICS_HOSTS` (`HOPLINE_CONSOLE_HOSTS`), a port answers 421, so
that no web page can read there through its readers' browsers; addresses are always answered.

Processes leave what they count in `HOPLINE_METRICS_DIR` once a second, and a last time when they
end. What a dead process counted stays in the sums, so no counter goes back when a worker is
replaced, reloaded or killed, nor when the service is restarted, as long as the directory lasts. A
`kill -9` takes at most that process' last second of counts with it; `hopline audit` counts clicks
by other means. Gauges are those of living processes only: added up, or the largest or smallest of
them where all see the same thing. All series are there from the start, with 0.

Rules for alerts stand in `deploy/prometheus/`, each explained in [alerts.md](alerts.md), and a
Grafana dashboard in `deploy/grafana/hopline.json`.
"""


def metrics(
    as_json: AsJson = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Write the page docs/metrics.md.")
    ] = False,
) -> None:
    """Show every metric and what it means."""
    described = list(describe())
    if as_markdown:
        print(_page(described), end="")
    elif as_json:
        print_json([metric._asdict() for metric in described])
    else:
        rows = ((one.service, one.name, one.kind, one.sentence) for one in described)
        print_table(("SERVICE", "METRIC", "TYPE", "MEANING"), rows)


def _page(described: Iterable[Described]) -> str:
    sections = groupby(described, key=lambda metric: metric.service)
    return "\n".join((_PAGE, *(_section(service, each) for service, each in sections)))


def _section(service: str, described: Iterable[Described]) -> str:
    head = f"## {service}\n\n| metric | type | meaning |\n|---|---|---|\n"
    return head + "".join(_line(metric) for metric in described)


def _line(metric: Described) -> str:
    meaning = " ".join((metric.sentence, *_labels(metric)))
    return f"| `{metric.name}` | {metric.kind} | {meaning} |\n"


def _labels(metric: Described) -> Iterator[str]:
    for name, values in metric.labels.items():
        yield f"`{name}`: {', '.join(f'`{value}`' for value in values)}."
