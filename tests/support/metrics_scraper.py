"""Scrapes a service's metrics, as Prometheus would."""

import http.client

from prometheus_client.parser import text_string_to_metric_families

Labels = tuple[tuple[str, str], ...]


class Scraper:
    """Remembers what it saw, and finds a counter that went back.

    Args:
        port: of the loopback address.
        path: where the metrics are.
    """

    def __init__(self, port: int, path: str = "/-/metrics") -> None:
        self._port = port
        self._path = path
        self._highest: dict[tuple[str, Labels], float] = {}

    def scrape(self) -> dict[tuple[str, Labels], float]:
        """Return every series; fail when a counter is lower than before."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("GET", self._path)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        assert response.status == 200, text
        seen = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                series = (sample.name, tuple(sorted(sample.labels.items())))
                seen[series] = sample.value
                if family.type in ("counter", "histogram"):
                    self._require_no_step_back(series, sample.value)
        missing = self._highest.keys() - seen.keys()
        assert not missing, f"series went away: {missing}"
        return seen

    def sum(self, name: str, **labels: str) -> float:
        """Return the sum of a name's series that carry these labels."""
        wanted = set(labels.items())
        return sum(
            value
            for (series, carried), value in self.scrape().items()
            if series == name and wanted <= set(carried)
        )

    def _require_no_step_back(self, series: tuple[str, Labels], value: float) -> None:
        assert value >= self._highest.get(series, 0.0), f"{series} went back to {value}"
        self._highest[series] = value
