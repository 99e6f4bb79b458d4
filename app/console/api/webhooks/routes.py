"""Table of the routes of webhooks, which is a part of that of /api/v1."""

from app.console.api.openapi import Route
from app.console.api.webhooks import models
from app.console.api.webhooks.deliveries import OneDelivery, Redeliver, Test, WebhookDeliveries
from app.console.api.webhooks.webhooks import OneWebhook, Rotate, Webhooks
from app.webhooks.deliveries import Deliveries
from app.webhooks.store import WebhookStore


def webhook_routes(webhooks: WebhookStore, deliveries: Deliveries) -> list[Route]:
    """Return the routes of webhooks.

    Args:
        deliveries: to them.
    """
    of = (webhooks, deliveries)
    return [
        Route(models.PATH, Webhooks(*of), models.WEBHOOKS),
        Route(models.ONE_PATH, OneWebhook(*of), models.ONE_WEBHOOK),
        Route(models.ROTATE_PATH, Rotate(*of), models.ROTATE),
        Route(models.TEST_PATH, Test(*of), models.TEST),
        Route(models.DELIVERIES_PATH, WebhookDeliveries(*of), models.DELIVERIES),
        Route(models.DELIVERY_PATH, OneDelivery(*of), models.DELIVERY),
        Route(models.REDELIVER_PATH, Redeliver(*of), models.REDELIVER),
    ]
