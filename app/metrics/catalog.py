"""List that shows all metrics of all services to a person."""

from collections.abc import Iterator
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from app.metrics.console import ConsoleMetrics
from app.metrics.redirect import RedirectMetrics
from app.metrics.types import MetricGroup
from app.metrics.workers import (
    ClusterMetrics,
    LedgerMetrics,
    ShardMetrics,
    StoreMetrics,
    SumsMetrics,
    SupervisorMetrics,
    WebhookMetrics,
    WorkerMetrics,
)

#: Each service and the groups that it shows.
SERVICES: dict[str, tuple[type[MetricGroup], ...]] = {
    "redirect": (RedirectMetrics,),
    "workers": (
        *(WorkerMetrics, SupervisorMetrics, StoreMetrics, ShardMetrics, ClusterMetrics),
        *(LedgerMetrics, SumsMetrics, WebhookMetrics),
    ),
    "console": (ConsoleMetrics,),
}
#: Labels that a format adds by itself.
_FORMATS_OWN = "le"


class Described(NamedTuple):
    """One metric.

    Attributes:
        name: as PromQL finds it; a histogram's goes on with _bucket, _sum or _count.
        kind: counter, gauge or histogram.
        labels: the values of each label, by its name.
        series: every name that PromQL knows.
    """

    service: str
    name: str
    kind: str
    labels: dict[str, tuple[str, ...]]
    sentence: str
    series: tuple[str, ...]


def describe() -> Iterator[Described]:
    """Yield every metric, in the order of declaration."""
    for service, groups in SERVICES.items():
        registry = CollectorRegistry()
        for make in groups:
            make(registry)
        for metric in registry.collect():
            yield _described(service, metric)


def _described(service: str, metric: Metric) -> Described:
    labels: dict[str, tuple[str, ...]] = {}
    for sample in metric.samples:
        for name, value in sample.labels.items():
            if name != _FORMATS_OWN:
                labels[name] = tuple(dict.fromkeys((*labels.get(name, ()), value)))
    series = {sample.name for sample in metric.samples if not sample.name.endswith("_created")}
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    return Described(
        service, name, metric.type, labels, metric.documentation, tuple(sorted(series))
    )
