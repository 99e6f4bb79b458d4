"""Metrics as the rest of the code makes them; beside prometheus_client's own, which are fine too.

Rule: all values that a label may take are given when it is declared, so that each series is there
from the start. Prometheus can't see a counter rise that begins with 1, and that may be the alert.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any, Literal, NamedTuple, cast

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

#: What stands for a service when each of its processes has a value of its own.
Merge = Literal["sum", "max", "min"]


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


class _Declared(NamedTuple):
    """A metric that is still to be made: by name and registry, with these values of its labels."""

    name: str
    make: Callable[..., Any]
    values: tuple[tuple[str, ...], ...] = ()


class MetricGroup:
    """Metrics that are declared together, and made in a registry.

    Each is an attribute of the class. It is called ``hopline_`` and the attribute's name, unless it
    is given another. A keyword that is no option is a label, with the values that it may take, or
    of one that takes what is not known beforehand, with some.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        for attribute, declared in vars(type(self)).items():
            if isinstance(declared, _Declared):
                name = f"hopline_{declared.name or attribute}"
                metric = declared.make(name, registry=registry)
                for values in declared.values:
                    metric.labels(*values)
                setattr(self, attribute, metric)


def _series(label: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Return the values of the labels of each series that is there from the start."""
    return tuple(product(*label.values())) if label else ()


def counter(sentence: str, *, name: str = "", **label: Iterable[str]) -> Counter:
    """Declare a counter."""
    make = partial(Counter, documentation=sentence, labelnames=[*label])
    return cast("Counter", _Declared(name, make, _series(label)))


def gauge(sentence: str, *, name: str = "", merge: Merge = "sum", **label: Iterable[str]) -> Gauge:
    """Declare a gauge."""
    make = partial(Gauge, documentation=sentence, labelnames=[*label], merge=merge)
    return cast("Gauge", _Declared(name, make, _series(label)))


def histogram(
    sentence: str, *, name: str = "", buckets: Sequence[float] = Histogram.DEFAULT_BUCKETS
) -> Histogram:
    """Declare a histogram."""
    make = partial(Histogram, documentation=sentence, buckets=buckets)
    return cast("Histogram", _Declared(name, make))


def fast_counters(
    sentence: str, labels: Sequence[str], known: Iterable[tuple[str, ...]]
) -> FastCounterFamily:
    """Declare counters for a hot path."""
    make = partial(FastCounterFamily, sentence=sentence, labels=labels, known=known)
    return cast("FastCounterFamily", _Declared("", make))


def fast_histogram(sentence: str, edges: Sequence[float], *, name: str = "") -> FastHistogram:
    """Declare a histogram for a hot path."""
    make = partial(FastHistogram, sentence=sentence, edges=edges)
    return cast("FastHistogram", _Declared(name, make))
