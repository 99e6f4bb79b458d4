"""Figures as a program reads them: build/bench.json."""

from dataclasses import asdict
from typing import Any

from loadtest.bench.report.results import LEVELS, QUOTED_LEVEL, Results, VariantResult
from loadtest.bench.report.targets import Judgement, rps_ratio


def as_json(results: Results, judgements: list[Judgement]) -> dict[str, Any]:
    """Return everything measured, ready for json.dumps.

    ``p50_ms``, ``p99_ms`` and ``p999_ms`` of a variant are those of the open loop at the quoted
    load; those at saturation stand under ``closed``.
    """
    return {
        "environment": results.environment,
        "quoted_load_percent": QUOTED_LEVEL,
        "variants": [_variant(name, result) for name, result in results.variants.items()],
        "absent": results.absent,
        "ratios": _ratios(results),
        "frozen_redis": asdict(results.frozen) if results.frozen else None,
        "scaling": asdict(results.scaling) if results.scaling else None,
        "targets": [asdict(one) | {"verdict": one.verdict} for one in judgements],
    }


def _variant(name: str, result: VariantResult) -> dict[str, Any]:
    closed, quoted = result.closed, result.at(QUOTED_LEVEL)
    latency_ms = quoted.latency_ms if quoted else {}
    return {
        "name": name,
        "title": result.variant.title,
        "note": result.variant.note,
        "records": result.variant.records,
        "rps": closed and closed.rps,
        "cpu_us": closed and closed.cpu_us,
        "redis_cpu_us": closed and closed.redis_cpu_us,
        "p50_ms": latency_ms.get("50"),
        "p99_ms": latency_ms.get("99"),
        "p999_ms": latency_ms.get("99.9"),
        "worker_bytes": result.worker_bytes,
        "connection_bytes": result.connection_bytes,
        "closed": closed and asdict(closed) | {"void": result.closed_void},
        "open": {str(level): _level(result, level) for level in LEVELS},
        "closed_runs": [asdict(run) for run in result.closed_runs],
        "open_runs": {
            str(level): [asdict(run) for run in runs] for level, runs in result.open_runs.items()
        },
    }


def _level(result: VariantResult, level: int) -> dict[str, Any] | None:
    run = result.at(level)
    return asdict(run) | {"void": result.open_void(level)} if run else None


def _ratios(results: Results) -> dict[str, dict[str, float | None]]:
    """Return the throughput of each variant ÷ that of each other one."""
    names = list(results.variants)
    return {
        one: {other: rps_ratio(results, one, other) for other in names if other != one}
        for one in names
    }
