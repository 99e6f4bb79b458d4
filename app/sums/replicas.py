"""Replicas that must have all clicks before sums are made, and all sums before they count."""

from app.stores.clickhouse.connection import ClickHouseUnavailable, connect, translated
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.replicas import catch_up, members, url_of
from app.stores.clickhouse.shards import all_replicas, cluster_of


def have_clicks(client: Client, url: str, timeout_seconds: float) -> None:
    """Have whoever may be asked for clicks, by this client, get those that were confirmed.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused, clickhouse_driver.errors.Error: they can't; of
            several shards also where any host is away, since it may be back and asked in a moment.
    """
    if not cluster_of(client):
        catch_up(client, "clicks")
        return
    with all_replicas(client, url, timeout_seconds) as shards:
        for shard in shards:
            shard.catch_up("clicks")


def have_sums(client: Client, url: str, timeout_seconds: float) -> None:
    """Have every host that answers get the sums that were inserted.

    One that is away has to look for itself, once it is back, whether it has them all.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused, clickhouse_driver.errors.Error: one can't.
    """
    if not client.cluster:
        return
    for member in members(client, url):
        one = url_of(url, [member])
        with connect(one, timeout_seconds=timeout_seconds) as other:
            try:
                with translated(one):
                    other.execute("SELECT 1")
            except ClickHouseUnavailable:
                continue
            with translated(one):
                catch_up(other, "click_sums", "click_values")
