"""Samples of a service's metrics, read from where the service shows them."""

import http.client
import math
from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from app.config.access import MetricsAccess
from app.config.types import OFF
from app.health.metrics import Shown

#: By name and labels.
Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]
Scrape = Callable[[str, str | None], Shown]


class Away(Exception):
    """A part of the installation doesn't tell how it fares; the text says why."""


def read_samples(service: str, access: MetricsAccess, scrape: Scrape) -> Samples:
    """Return what a service shows.

    Raises:
        Away: it shows nothing, or is another installation's.
    """
    if access.bind == OFF:
        raise Away(f"{access.variable} is off")
    try:
        shown = scrape(access.bind, access.token)
        if shown.instance != access.instance:
            raise Away(f"at {access.bind} are no metrics of this installation's {service}")
        families = list(text_string_to_metric_families(shown.text))
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Away(f"the metrics of the {service} at {access.bind}: {error}") from None
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value_of(samples: Samples, name: str, **labels: str) -> float | None:
    """Return one value; None where it is missing, or no number that JSON has."""
    value = samples.get((name, frozenset(labels.items())))
    return value if value is not None and math.isfinite(value) else None


def latency(samples: Samples, name: str, budget_seconds: float) -> dict[str, Any]:
    """Return a histogram of durations as JSON holds it, and how many kept to a budget.

    Args:
        budget_seconds: one of the histogram's edges.
    """
    edges = sorted(
        (float(dict(labels)["le"]), value)
        for (sample, labels), value in samples.items()
        if sample == f"{name}_bucket"
    )
    counts = [0.0, *(count for _, count in edges)]
    total = counts[-1]
    within = next((count for edge, count in edges if edge == budget_seconds), 0.0)
    return {
        "budget_seconds": budget_seconds,
        "answers": int(total),
        "within_budget": within / total if total else None,
        "p50_seconds": _quantile(edges, total * 0.5),
        "p99_seconds": _quantile(edges, total * 0.99),
        "buckets": [
            {
                "up_to_seconds": edge if math.isfinite(edge) else None,
                "answers": int(count - counts[at]),
            }
            for at, (edge, count) in enumerate(edges)
        ],
    }


def _quantile(edges: list[tuple[float, float]], wanted: float) -> float | None:
    """Return the edge below which so many are; None where there are none, or past the last."""
    if not wanted:
        return None
    found = next(edge for edge, count in edges if count >= wanted)
    return found if math.isfinite(found) else None
