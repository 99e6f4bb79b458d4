"""Snapshot that holds what a process counts at one moment, as values to be stored and added up."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from app.metrics.types import GaugeFamily, Merge

#: A sample's name and its labels; families of histograms have samples of several names.
Series = tuple[str, tuple[tuple[str, str], ...]]

_MERGED_BY: dict[Merge, Callable[[Iterable[float]], float]] = {"sum": sum, "max": max, "min": min}


class BadSnapshot(Exception):
    """The bytes are no snapshot."""


class Family(NamedTuple):
    """The series of one metric.

    Attributes:
        kind: ``counter``, ``gauge`` or ``histogram``.
        merge: how values of several processes become one.
    """

    name: str
    kind: str
    sentence: str
    merge: Merge
    values: dict[Series, float]

    def to_metric(self) -> Metric:
        """Return the family as prometheus_client's formats take it."""
        metric = Metric(self.name, self.sentence, self.kind)
        for (name, labels), value in self.values.items():
            metric.add_sample(name, dict(labels), value)
        return metric


Snapshot = dict[str, Family]


def take(registry: CollectorRegistry) -> Snapshot:
    """Return what the registry's metrics hold now."""
    return {metric.name: _family(metric) for metric in registry.collect()}


def lasting(snapshot: Snapshot) -> Snapshot:
    """Return what outlives its process: everything but gauges."""
    return {name: family for name, family in snapshot.items() if family.kind != "gauge"}


def merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return one snapshot for all processes; of two sentences for a name the first one stays."""
    gathered: dict[str, tuple[Family, dict[Series, list[float]]]] = {}
    for snapshot in snapshots:
        for name, family in snapshot.items():
            _, values = gathered.setdefault(name, (family, defaultdict(list)))
            for series, value in family.values.items():
                values[series].append(value)
    return {
        name: family._replace(
            values={
                series: float(_MERGED_BY[family.merge](each)) for series, each in values.items()
            }
        )
        for name, (family, values) in gathered.items()
    }


def encode(snapshot: Snapshot) -> bytes:
    """Return a snapshot as JSON."""
    return orjson.dumps(
        [
            [*family[:-1], [(series, _plain(value)) for series, value in family.values.items()]]
            for family in snapshot.values()
        ]
    )


def decode(stored: bytes) -> Snapshot:
    """Return the snapshot that :func:`encode` wrote.

    Raises:
        BadSnapshot: it did not write these bytes.
    """
    try:
        return {family.name: family for family in map(_stored_family, orjson.loads(stored))}
    except (TypeError, ValueError) as error:
        raise BadSnapshot(str(error)) from error


def _plain(value: float) -> float | str:
    """Return a value that JSON can carry: it has no number for infinity, nor for what is none."""
    return value if math.isfinite(value) else str(value)


def _family(metric: Metric) -> Family:
    merge = metric.merge if isinstance(metric, GaugeFamily) else "sum"
    return Family(metric.name, metric.type, metric.documentation, merge, dict(_series(metric)))


def _series(metric: Metric) -> Iterator[tuple[Series, float]]:
    for sample in metric.samples:
        # When a process began to count says nothing about a service of many processes.
        if not sample.name.endswith("_created"):
            yield (sample.name, tuple(sample.labels.items())), float(sample.value)


def _stored_family(stored: list[Any]) -> Family:
    name, kind, sentence, merge, values = stored
    return Family(
        name,
        kind,
        sentence,
        merge,
        {(name, tuple(map(tuple, labels))): float(value) for (name, labels), value in values},
    )
