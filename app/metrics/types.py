"""Metrics as the rest of the code makes them; beside prometheus_client's own, which are fine too.

Rule: all values that a label may take are given when it is declared, so that each series is there
from the start. Prometheus can't see a counter rise that begins with 1, and that may be the alert.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Literal, TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.metrics import MetricWrapperBase

#: What stands for a service when each of its processes has a value of its own.
Merge = Literal["sum", "max", "min"]

_Labelled = TypeVar("_Labelled", bound=MetricWrapperBase)


def prepared(metric: _Labelled, *values: str) -> _Labelled:
    """Return a metric of one label with a series for each of the values."""
    for value in values:
        metric.labels(value)
    return metric


class Gauge(prometheus_client.Gauge):
    """A gauge that says what a service shows whose processes each have one.

    Args:
        merge: ``sum`` for what adds up, ``max`` or ``min`` for what all of them see alike or where
            the worst counts.
    """

    def __init__(self, *args: object, merge: Merge = "sum", **kwargs: object) -> None:
        self.merge = merge
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def collect(self) -> Iterator[Metric]:
        """Yield the values, when the registry is asked for them."""
        for family in super().collect():
            yield GaugeFamily(family, self.merge)


class GaugeFamily(Metric):
    """The values of a gauge at one moment, and how they are merged."""

    def __init__(self, family: Metric, merge: Merge) -> None:
        super().__init__(family.name, family.documentation, "gauge")
        self.samples = family.samples
        self.merge = merge


class FastCounter:
    """A counter for a hot path in a process with one thread: adding takes no lock.

    prometheus_client's own takes one, which under gevent costs a twentieth of a redirect.
    """

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def inc(self, amount: int = 1) -> None:
        """Add to the count."""
        self.count += amount


class FastCounterFamily:
    """Counters of one name, told apart by the values of labels.

    Args:
        labels: their names.
        known: values, one tuple for each series that is there from the start.
    """

    def __init__(
        self,
        name: str,
        sentence: str,
        labels: Sequence[str],
        registry: CollectorRegistry,
        known: Iterable[tuple[str, ...]] = (),
    ) -> None:
        self._name = name
        self._sentence = sentence
        self._labels = tuple(labels)
        self._counters = {values: FastCounter() for values in known}
        registry.register(self)

    def labels(self, *values: str) -> FastCounter:
        """Return the counter of these values."""
        return self._counters.setdefault(values, FastCounter())

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the counts, when the registry is asked for them."""
        family = CounterMetricFamily(self._name, self._sentence, labels=self._labels)
        # A copy: who collects may be another thread than who counts.
        for values, counter in self._counters.copy().items():
            family.add_metric(values, counter.count)
        yield family


class FastHistogram:
    """A histogram for a hot path in a process with one thread: observing takes no lock.

    Attributes:
        edges: upper edges of the buckets, which they include, rising; the last bucket has none.
        counts: observations by bucket.
        total: sum of all that was observed.
    """

    def __init__(
        self, name: str, sentence: str, edges: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._name = name
        self._sentence = sentence
        self.edges = tuple(edges)
        self.counts = [0] * (len(self.edges) + 1)
        self.total = 0.0
        registry.register(self)

    def observe_all(self, values: Collection[float]) -> None:
        """Count some values, at about 60 ns each."""
        counts, edges = self.counts, self.edges
        for value in values:
            counts[bisect_left(edges, value)] += 1
        self.total += sum(values)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the buckets, when the registry is asked for them."""
        buckets = []
        below = 0
        for edge, count in zip((*map(str, self.edges), "+Inf"), self.counts, strict=True):
            below += count
            buckets.append((edge, float(below)))
        family = HistogramMetricFamily(self._name, self._sentence)
        family.add_metric((), buckets, self.total)
        yield family


class Declarations:
    """Metrics as a service's group of them declares them, all in one registry.

    A keyword that is no option names the metric's one label and gives the values that it may take.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def counter(self, name: str, sentence: str, **label: Iterable[str]) -> Counter:
        """Declare a counter."""
        counter = Counter(name, sentence, [*label], registry=self._registry)
        return prepared(counter, *chain(*label.values()))

    def gauge(
        self, name: str, sentence: str, merge: Merge = "sum", **label: Iterable[str]
    ) -> Gauge:
        """Declare a gauge."""
        gauge = Gauge(name, sentence, [*label], merge=merge, registry=self._registry)
        return prepared(gauge, *chain(*label.values()))

    def histogram(
        self, name: str, sentence: str, buckets: Sequence[float] = Histogram.DEFAULT_BUCKETS
    ) -> Histogram:
        """Declare a histogram."""
        return Histogram(name, sentence, buckets=buckets, registry=self._registry)

    def fast_counters(
        self, name: str, sentence: str, labels: Sequence[str], known: Iterable[tuple[str, ...]]
    ) -> FastCounterFamily:
        """Declare counters for a hot path."""
        return FastCounterFamily(name, sentence, labels, self._registry, known)

    def fast_histogram(self, name: str, sentence: str, edges: Sequence[float]) -> FastHistogram:
        """Declare a histogram for a hot path."""
        return FastHistogram(name, sentence, edges, self._registry)
