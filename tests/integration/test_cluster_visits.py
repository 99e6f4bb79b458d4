"""Visits over a cluster, from the redirect to ClickHouse, while a primary is killed."""

import http.client
import time
from contextlib import closing
from pathlib import Path

from app.audit.factory import open_audit
from app.config.shards import written_shards
from app.links.link import Link, encode
from app.stores.clickhouse.connection import connect as connect_clickhouse
from app.stores.keys import link_key
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from tests.support.cluster import Cluster
from tests.support.redirect_servers import RedirectServer
from tests.support.worker_processes import Workers, wait_until

VISITS = 1_200
CODES = [f"code{number}" for number in range(6)]


class Visitor:
    """Visits links in turn over one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def close(self) -> None:
        self._connection.close()

    def visit(self, number: int) -> None:
        """Follow a link, as the visit of a number."""
        code = CODES[number % len(CODES)]
        fields = {
            "User-Agent": "Mozilla/5.0 Firefox/140.0",
            "Referer": f"https://n.example/{number}",
        }
        self._connection.request("GET", f"/{code}", headers=fields)
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == 302, (number, answer.status)
        time.sleep(0.005)


def test_a_killed_primary_fails_no_visit_and_each_is_stored_once(
    make_settings, migrated_url, tmp_path: Path
):
    with Cluster(tmp_path / "cluster", replicas=3) as cluster:
        for code in CODES:
            link = Link(code=code, target="https://example.com/", created_ms=1, updated_ms=1)
            cluster.owner(link_key(code)).call("SET", link_key(code), encode(link))
        settings = make_settings(
            redis_url=cluster.url,
            clickhouse_url=migrated_url,
            stream_shards=4,
            consumers=5,
            insert_seconds=0.2,
            claim_idle_seconds=20,
        )
        streams = [shard.stream for shard in written_shards(settings)]
        redirect = RedirectServer(tmp_path / "redirect", cluster.url, stream_shards=4)
        with (
            redirect,
            Workers(settings, tmp_path / "workers.log") as workers,
            closing(Visitor(redirect.port)) as visitor,
        ):
            for number in range(VISITS // 3):
                visitor.visit(number)
            longest = max(streams, key=lambda one: cluster.owner(one).call("XLEN", one))
            victim = cluster.owner(longest)
            replica = cluster.replica_of(victim)
            victim.kill()
            for number in range(VISITS // 3, VISITS):
                visitor.visit(number)
            cluster.wait_for_primary(replica)

            def stored() -> tuple[int, int]:
                with connect_clickhouse(migrated_url, timeout_seconds=30) as client:
                    query = "SELECT uniqExact(referrer), uniqExact(click_id) FROM clicks"
                    (found,) = client.execute(query)
                    return found

            wait_until(lambda: stored() == (VISITS, VISITS))
            victim.start()
            cluster.wait_until_whole()
            with connect(cluster.url, timeout_seconds=30) as client:
                audit = open_audit(settings, caller(client, cluster.url, 30), (0.5, 1.0, 2.0))
                found = audit.run()
                audit.close()
            assert found.is_balanced, found.suspects
            assert workers.stop() == 0, workers.log
