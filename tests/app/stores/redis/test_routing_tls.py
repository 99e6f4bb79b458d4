"""A cluster behind TLS, whose nodes are told by name as their certificate has it."""

from pathlib import Path

import pytest
from redis import Redis

from app.stores.redis.client import connect
from app.stores.redis.cluster import SLOT_COUNT
from app.stores.redis.errors import RedisUnavailable, translated
from app.stores.redis.routing import ClusterClient
from tests.support.certificates import self_signed
from tests.support.redirect.waiting import wait_until
from tests.support.servers import free_port
from tests.support.tls_servers import HOST, tls_server


def test_nodes_are_reached_by_the_names_that_they_announce(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, HOST)
    lines = (
        "cluster-enabled yes",
        "tls-cluster yes",
        f"cluster-port {free_port()}",
        f"cluster-announce-hostname {HOST}",
        "cluster-preferred-endpoint-type hostname",
    )
    with tls_server(tmp_path / "node", certificate, key, *lines) as node:
        with Redis(host=HOST, port=node.port, ssl=True, ssl_ca_certs=str(certificate)) as direct:
            direct.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, SLOT_COUNT - 1)
            wait_until(lambda: direct.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
        url = f"rediss+cluster://127.0.0.1:{node.port}"
        with (
            connect(url, timeout_seconds=30) as client,
            pytest.raises(RedisUnavailable, match="CERTIFICATE"),
            translated(url),
        ):
            client.get("a")
        url = f"rediss+cluster://{HOST}:{node.port}?ssl_ca_certs={certificate}"
        with connect(url, timeout_seconds=30) as client, translated(url):
            assert isinstance(client, ClusterClient)
            assert client.slots().nodes[0].end == (HOST, node.port)
            assert client.set("a", "1")
