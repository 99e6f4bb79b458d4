"""Rules and dashboard ask for what is there, and each alert says what to do."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config.settings import Settings
from app.metrics.catalog import describe
from app.metrics.redirect import LATENCY_EDGES
from tests.conftest import missing
from tests.support.deploy.promql import Selector, selectors

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTS_PAGE = ROOT / "docs" / "alerts.md"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "hopline.rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
DECLARED = {series: metric for metric in describe() for series in metric.series}
#: What Prometheus itself makes.
NOT_OURS = {"up", "ALERTS"}


def dashboard_expressions() -> Iterator[str]:
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "hopline.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["expr"]


EXPRESSIONS = [*(rule["expr"] for rule in RULES), *dashboard_expressions()]


@pytest.fixture(scope="session")
def promtool() -> str:
    """Path of Prometheus' tool, of Debian's package `prometheus`."""
    return shutil.which("promtool") or missing("promtool") or ""


def run(promtool: str, *arguments: str) -> str:
    ended = subprocess.run(
        [promtool, *arguments],
        cwd=PROMETHEUS,
        capture_output=True,
        text=True,
        timeout=220,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_selectors_are_found_with_what_they_ask_for() -> None:
    found = list(selectors('sum by (le) (rate(hopline_a_bucket{le="0.05",x=~"5.."}[5m])) > up'))
    assert [selector.name for selector in found] == ["hopline_a_bucket", "up"]
    assert found[0].matchers == (("le", "0.05", False), ("x", "5..", True))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_query_asks_for_metrics_that_are_declared(expression: str) -> None:
    found = list(selectors(expression))
    assert found, "no metric of ours"
    for selector in found:
        if selector.name not in RECORDED | NOT_OURS:
            assert selector.name in DECLARED, f"{selector.name} is no metric"
            require_known_labels(selector)


def require_known_labels(selector: Selector) -> None:
    known = DECLARED[selector.name].labels
    for label, value, is_pattern in selector.matchers:
        if label == "le":
            continue
        assert label in known, f"{selector.name} has no label {label}"
        matching = [one for one in known[label] if re.fullmatch(value, one)]
        assert matching if is_pattern else value in known[label], f"{label} is never {value}"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_grouping_is_by_a_label_that_is_there(expression: str) -> None:
    scraped = {"instance", "job", "le", "alertname"}
    for names in re.findall(r"\bby \(([^)]*)\)", expression):
        for label in names.split(", "):
            declared = [
                DECLARED[one.name].labels for one in selectors(expression) if one.name in DECLARED
            ]
            assert label in scraped or any(label in labels for labels in declared), label


def test_the_promised_50_ms_are_an_edge_of_the_histogram() -> None:
    assert 0.05 in LATENCY_EDGES


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_says_what_to_do(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{alert.lower()}"
    section = sections()[alert]
    for part in ("**What it means.**", "**How to look.**", "**How to mend.**"):
        assert part in section
    assert f"{severity_of(section)}." in ("Page.", "Ticket.")
    assert severity_of(section).lower() == rule["labels"]["severity"]


def severity_of(section: str) -> str:
    return section.partition("**What it means.** ")[2].partition(".")[0]


def test_the_page_explains_no_alert_that_is_not_there() -> None:
    assert set(sections()) == set(ALERTS)


def sections() -> dict[str, str]:
    _, *parts = re.split(r"^## ", ALERTS_PAGE.read_text(), flags=re.MULTILINE)
    return {part.partition("\n")[0]: part for part in parts}


def test_the_page_names_only_settings_and_metrics_that_are_there() -> None:
    page = ALERTS_PAGE.read_text()
    settings = {f"HOPLINE_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"HOPLINE_[A-Z_]+", page)) <= settings
    assert set(re.findall(r"`(hopline_\w+)`", page)) <= set(DECLARED)


def test_prometheus_takes_rules_and_configuration(promtool: str) -> None:
    assert f"{len(RULES)} rules found" in run(promtool, "check", "rules", "hopline.rules.yml")
    run(promtool, "check", "config", "prometheus.yml")


def test_alerts_fire_when_they_should_and_only_then(promtool: str) -> None:
    run(promtool, "test", "rules", "hopline.test.yml")


def test_each_alert_is_seen_firing() -> None:
    tested = (PROMETHEUS / "hopline.test.yml").read_text()
    assert set(re.findall(r'alertname="(\w+)"', tested)) == set(ALERTS)


def test_prometheus_scrapes_where_metrics_are_served() -> None:
    configuration = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    scraped = {
        job["job_name"]: (job["static_configs"][0]["targets"], job["metrics_path"])
        for job in configuration["scrape_configs"]
    }
    default = {name: field.default for name, field in Settings.model_fields.items()}
    assert scraped == {
        "hopline-redirect": ([default["redirect_metrics_bind"]], "/-/metrics"),
        "hopline-workers": ([default["workers_metrics_bind"]], "/-/metrics"),
        "hopline-console": ([default["console_bind"]], "/-/metrics"),
    }
