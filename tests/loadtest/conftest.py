"""Whole runs of Locust."""

import pytest

from loadtest.scenario.locust_run import LocustRun
from tests.support.loadtest.samples import RATE


@pytest.fixture
def run(tmp_path):
    """A function that runs Locust for some seconds and returns exit code and figures."""

    def run(url, scenarios=(), **options):
        given = {
            "rate": RATE,
            "warm_up": 1,
            "budget": "ci",
            "console": url,
            "hot_links": 5,
            "tail_links": 5,
            **options,
        }
        locust = LocustRun(url, tmp_path / "report.html", 3, given, scenarios)
        said = []
        code = locust.run(said.append, None)
        assert locust.report.exists(), said
        return code, locust.figures()

    return run
