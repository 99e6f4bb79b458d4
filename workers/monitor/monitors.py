"""Monitors that look at the stores beside the consumers."""

from prometheus_client import CollectorRegistry

from app.config.settings import Settings
from app.metrics.workers import LedgerMetrics, SumsMetrics
from workers.monitor.audit_monitor import AuditThread
from workers.monitor.store_gauges import Stores
from workers.monitor.sums_monitor import SumsThread


class Monitors:
    """Looks at the stores of the latest settings: for ledger, sums, and who asks for metrics.

    Args:
        metrics: where the ledger's monitor shows what it found.
        sums_metrics: where that of the sums does.
    """

    def __init__(
        self, settings: Settings, metrics: LedgerMetrics, sums_metrics: SumsMetrics
    ) -> None:
        self._metrics = metrics
        self._sums_metrics = sums_metrics
        self._stores = Stores(settings)
        self._audit = AuditThread(settings, metrics)
        self._sums = SumsThread(settings, sums_metrics)

    def adopt(self, settings: Settings) -> None:
        """Look at the stores of these settings from now on; waits for nobody.

        A look that is under way comes to its end, which lets go of the old connections.
        """
        self._audit.stop()
        self._sums.stop()
        self._stores = Stores(settings)
        self._audit = AuditThread(settings, self._metrics)
        self._sums = SumsThread(settings, self._sums_metrics)

    def look(self) -> CollectorRegistry:
        """Return how the stores fare; as :meth:`Stores.look`."""
        return self._stores.look()

    def close(self) -> None:
        """Look no more; waits for a look that is under way as long as Redis may take."""
        self._sums.stop()
        self._audit.close()
        self._sums.close()
