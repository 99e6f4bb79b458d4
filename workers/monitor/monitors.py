"""Monitors that look at the stores beside the consumers."""

from prometheus_client import CollectorRegistry

from app.config.settings import Settings
from app.metrics.workers import LedgerMetrics
from workers.monitor.audit_monitor import AuditThread
from workers.monitor.store_gauges import Stores


class Monitors:
    """Looks at the stores of the latest settings: for the ledger, and when metrics are asked for.

    Args:
        metrics: where the ledger's monitor shows what it found.
    """

    def __init__(self, settings: Settings, metrics: LedgerMetrics) -> None:
        self._metrics = metrics
        self._stores = Stores(settings)
        self._audit = AuditThread(settings, metrics)

    def adopt(self, settings: Settings) -> None:
        """Look at the stores of these settings from now on; waits for nobody.

        A look that is under way comes to its end, which lets go of the old connections.
        """
        self._audit.stop()
        self._stores = Stores(settings)
        self._audit = AuditThread(settings, self._metrics)

    def look(self) -> CollectorRegistry:
        """Return how the stores fare; as :meth:`Stores.look`."""
        return self._stores.look()

    def close(self) -> None:
        """Look no more; waits for a look that is under way as long as Redis may take."""
        self._audit.close()
