from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.gauges import watch, watch_cluster
from tests.support.redirect.cluster_fakes import FakeCluster, node
from tests.support.redirect.fakes import FakePipeline


class WaitingPipeline(FakePipeline):
    def __len__(self) -> int:
        return len(self.waiting)


class Links(list[int]):
    is_watching = True


class FailoverMonitor:
    is_astray = True


class Locator:
    sentinel_count = 3
    agreeing_count = 2


def test_gauges_follow_what_they_watch() -> None:
    registry = CollectorRegistry()
    pipeline = WaitingPipeline()
    watch(RedirectMetrics(registry), pipeline, Links(range(3)), FailoverMonitor(), Locator())
    pipeline.age = 0.25
    pipeline.waiting += [print, print]
    assert {
        name: registry.get_sample_value(f"hopline_{name}")
        for name in (
            "redis_commands_waiting",
            "redis_oldest_command_seconds",
            "redis_connected",
            "links_cached",
            "link_changes_heard",
            "redis_astray",
            "sentinels",
            "sentinels_agreeing",
        )
    } == {
        "redis_commands_waiting": 2,
        "redis_oldest_command_seconds": 0.25,
        "redis_connected": 1,
        "links_cached": 3,
        "link_changes_heard": 1,
        "redis_astray": 1,
        "sentinels": 3,
        "sentinels_agreeing": 2,
    }
    pipeline.connected.clear()
    assert registry.get_sample_value("hopline_redis_connected") == 0


def test_gauges_follow_a_clusters_primaries() -> None:
    cluster = FakeCluster(node(0), node(1), node(2))
    cluster.start()
    watch_cluster(cluster.metrics, cluster.primaries, Links(range(3)))
    cluster.pipeline(1).age = 0.25
    cluster.pipeline(2).connected.clear()

    def shown(name: str) -> float | None:
        return cluster.registry.get_sample_value(f"hopline_{name}")

    assert shown("redis_primaries") == 3
    assert shown("redis_primaries_connected") == 2
    assert shown("redis_oldest_command_seconds") == 0.25
    assert shown("redis_connected") == 1
    assert shown("links_cached") == 3
    for at in range(3):
        cluster.pipeline(at).connected.clear()
    assert shown("redis_connected") == 0
