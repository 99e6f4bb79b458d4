"""Pipelines as tests need them."""

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from app.metrics.redirect import RedirectMetrics
from app.redirect.redis.pipeline import Pipeline
from app.stores.redis.address import Address


def make_pipeline(locate: Callable[[], Address], **options: Any) -> Pipeline:
    """Return an unconnected pipeline that gives a silent server half a minute."""
    usual = {"name": "test", "timeout_seconds": 30.0, "task_failures": task_failures()}
    return Pipeline(locate, **usual | options)


def task_failures() -> Counter:
    """Return the counter of a process that does nothing else."""
    return RedirectMetrics(CollectorRegistry()).chore_failures
